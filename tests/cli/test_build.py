"""`chainrule build`: a library from a network or a model, used by `predict`."""

import csv
import io

import pytest

import chainrule as cr


@pytest.fixture
def model(cli, iris, tmp_path):
    path = tmp_path / "iris.safetensors"
    assert cli("train", iris, "--target", "species", "--epochs", 3, "--model", path).exit_code == 0
    return path


def test_a_library_for_a_model_predicts_the_same(cli, iris, model, tmp_path):
    library = tmp_path / "iris.so"
    done = cli("build", model, "--target", "native", "-o", library)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("Library ")
    assert "4-64-3 relu, softmax; softmax cross entropy; Adam" in done.stdout
    assert "tiled, float32" in done.stdout
    ways = [(), ("--engine", "c", "--library", library)]
    tables = [list(csv.DictReader(io.StringIO(cli("predict", model, iris, *way).stdout))) for way in ways]
    assert [row["prediction"] for row in tables[0]] == [row["prediction"] for row in tables[1]]
    refused = cli("predict", model, iris, "--engine", "numpy", "--library", library)
    assert (refused.exit_code, refused.stderr) == (2, "error: library is for engine 'c', not 'numpy'\n")
    library.write_bytes(library.read_bytes()[:-1])
    refused = cli("predict", model, iris, "--library", library)
    assert refused.exit_code == 2
    assert "did not write this, or it was cut short" in refused.stderr


def test_a_library_for_a_declared_network(cli, tmp_path):
    library = tmp_path / "net.so"
    options = ["--optimizer", "adam", "--l2", 0.1, "--dtype", "float64", "--target", "native", "--kernels", "plain"]
    done = cli("build", "3-4-2", *options, "-o", library)
    assert done.exit_code == 0, done.stderr
    assert "plain, float64" in done.stdout
    net = cr.Network.parse("3-4-2", activation="relu", output="softmax")
    program = cr.derive(net, "softmax_cross_entropy", cr.Adam(0.3), penalty=cr.L2(0.2))
    X, y = [[0, 0, 1], [0, 1, 1]], [0, 1]
    run = cr.Training(program, X, y, epochs=3, dtype="float64", engine="c", library=library).fit()
    assert run.kernels == "plain"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["3-4-1", "--dtype", "int8"], "unknown dtype 'int8'; known: float32, float64"),
        (["3-4-1", "--kernels", "fast"], "unknown kernels 'fast'; known: auto, plain, tiled, lanes"),
        (["3-4-1", "--target", "z80"], "z80"),
        (["3-x-1"], "joined by hyphens"),
        (["3-4-1", "-o", "/"], "this is a directory"),
        (["3-4-1", "-o", "/nowhere/model.so"], "there is no directory /nowhere"),
    ],
)
def test_refused(cli, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("build", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") <= 12
    assert list(tmp_path.iterdir()) == []


def test_a_model_says_what_it_is(cli, model, tmp_path):
    done = cli("build", model, "--loss", "huber", "-o", tmp_path / "model.so")
    assert (done.exit_code, "declares that already" in done.stderr) == (2, True)
    done = cli("build", model, "--dtype", "float64", "-o", tmp_path / "model.so")
    assert (done.exit_code, "are float32, and so is its library" in done.stderr) == (2, True)


def test_no_compiler_is_told_and_not_traced(cli, iris, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", "/nowhere/cc")
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)
    train = ["train", iris, "--target", "species", "--engine", "c"]
    for command in (["build", "3-4-1", "-o", tmp_path / "m.so"], train):
        done = cli(*command)
        assert done.exit_code == 2
        assert done.stderr.startswith("error: there is no C compiler here")
