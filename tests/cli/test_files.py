"""Files on the command line: networks, models and checkpoints, through train, source, predict and check."""

import csv
import gzip
import io
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chainrule.cli import app
from chainrule.data import Table, stream
from chainrule.files import CheckpointPath, Model, read_checkpoint
from chainrule.models import Predictor
from tests.cli.test_program import start
from tests.cli.test_train import QUICK

IRIS = Path(__file__).parents[2] / "examples" / "iris.csv"
NETWORK = {
    "format": "chainrule network 1",
    "inputs": 4,
    "layers": [
        {"layer": "dense", "units": 8, "activation": "tanh"},
        {"layer": "dense", "units": 3, "activation": "softmax"},
    ],
    "loss": "softmax_cross_entropy",
    "optimizer": {"name": "adam", "rate": {"schedule": "cosine", "rate": 0.01, "steps": 100}},
    "penalty": {"name": "l2", "strength": 0.001},
    "clip_norm": 2.0,
}  # fmt: skip


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "net.json"
    path.write_text(json.dumps(NETWORK))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The bytes of a model of iris."""
    path = tmp_path_factory.mktemp("trained") / "iris.safetensors"
    given = ["--lang", "en", "train", str(IRIS), "--target", "species", "--epochs", "40", "--model", str(path)]
    result = CliRunner().invoke(app, given, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert "iris.safetensors." in "".join(result.stdout.split())
    return path.read_bytes()


@pytest.fixture
def model(trained, tmp_path):
    path = tmp_path / "iris.safetensors"
    path.write_bytes(trained)
    return path


# --- network files -------------------------------------------------------------------------------------------------


def test_the_source_of_a_network_file(cli, network):
    result = cli("source", network)
    assert result.exit_code == 0, result.stderr
    assert "tanh" in result.stdout
    assert "clip_norm" in result.stdout
    less = {key: NETWORK[key] for key in ("format", "inputs", "layers")}
    network.write_text(json.dumps(less))
    result = cli("source", network, "--optimizer", "momentum", "--loss", "softmax_cross_entropy")
    assert result.exit_code == 0, result.stderr
    assert "momentum" in result.stdout.lower()
    assert cli("source", network).exit_code == 0  # the loss that goes with softmax


def test_training_a_network_file(cli, iris, network):
    result = cli("train", iris, "--target", "species", "--network", network, *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "4-8-3, tanh, softmax" in result.stdout
    assert "adam, rate 0.01, cosine" in result.stdout
    assert "softmax_cross_entropy, L2 0.001" in result.stdout


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, ["--layers", "8"], "--layers: "),
        ({}, ["--activation", "relu"], "declares that already; change it there, or leave the option out"),
        ({}, ["--rate", "0.1"], "--rate: "),
        ({}, ["--l2", "0"], "--l2: "),
        ({}, ["--loss", "huber"], "--loss: "),
        ({"inputs": 5}, [], "has 5 inputs, but the table makes 4: 'sepal_length'"),
        ({"layers": [{"layer": "dense", "units": 2, "activation": "softmax"}]}, [], "has 2 outputs, but the target"),
        ({"layers": [{"layer": "dense", "units": 3, "activation": "softmin"}]}, [], "unknown activation 'softmin'"),
        ({"optimizer": {"name": "adam", "speed": 3}}, [], "there is no entry 'speed'"),
    ],
)
def test_what_does_not_fit_a_network_file(cli, iris, network, change, arguments, message):
    network.write_text(json.dumps(NETWORK | change))
    result = cli("train", iris, "--target", "species", "--network", network, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "net.json" in result.stderr


# --- models --------------------------------------------------------------------------------------------------------


def predicted(result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_predictions(cli, iris, model):
    rows = predicted(cli("predict", model, iris))
    assert list(rows[0])[:5] == iris.read_text().splitlines()[0].split(",")
    assert list(rows[0])[5:] == ["prediction", "probability_setosa", "probability_versicolor", "probability_virginica"]
    assert sum(row["prediction"] == row["species"] for row in rows) > 115
    for row in rows:
        chances = {name[12:]: float(value) for name, value in row.items() if name.startswith("probability_")}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-6)
        assert max(chances, key=chances.__getitem__) == row["prediction"]


def test_predictions_are_those_of_the_training(cli, iris, model):
    import numpy as np

    from chainrule.data import read_csv

    table = read_csv(iris)
    outputs = [Predictor.of(Model.load(model), "m", engine).outputs(table) for engine in ("numpy", "reference", "auto")]
    for other in outputs[1:]:
        np.testing.assert_allclose(outputs[0], other, rtol=0, atol=2e-6)


def test_columns_in_another_order_without_the_target(cli, iris, model, table):
    lines = [line.split(",") for line in iris.read_text().splitlines()]
    other = table("\n".join(",".join([*line[3::-1], "x"]) for line in lines) + "\n")
    assert [row["prediction"] for row in predicted(cli("predict", model, other, "--only"))] == [
        row["prediction"] for row in predicted(cli("predict", model, iris))
    ]


def test_from_standard_input_into_a_file(cli, iris, model, tmp_path):
    with iris.open("rb") as file:
        process = start(["predict", str(model), "-"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stderr) == (0, b"")
    assert len(stdout.splitlines()) == 151
    out = tmp_path / "out.csv"
    assert cli("predict", model, iris, "-o", out).exit_code == 0
    assert out.read_bytes() == stdout


def test_a_table_of_any_size_is_read_a_part_at_a_time(cli, iris, model, tmp_path, monkeypatch):
    """From CSV, gzip, Parquet and standard input: the same bytes, however many parts there are."""
    whole = cli("predict", model, iris).stdout
    sizes: list[int] = []

    def counted(self: Predictor, table: Table) -> dict[str, list[str]]:
        sizes.append(len(table))
        return answer(self, table)

    monkeypatch.setattr(stream, "PART_BYTES", 700)
    monkeypatch.setattr(stream, "PART_CELLS", 100)
    answer = Predictor.columns
    monkeypatch.setattr(Predictor, "columns", counted)
    packed, columns = tmp_path / "iris.csv.gz", tmp_path / "iris.parquet"
    packed.write_bytes(gzip.compress(iris.read_bytes()))
    for path in (iris, packed):
        assert cli("predict", model, path).stdout == whole
    assert max(sizes) < 40
    parquet = pytest.importorskip("pyarrow.parquet")
    csv_module = pytest.importorskip("pyarrow.csv")
    parquet.write_table(csv_module.read_csv(iris), columns)
    assert cli("predict", model, columns, "--only").stdout == cli("predict", model, iris, "--only").stdout
    runner = CliRunner()
    assert runner.invoke(app, ["predict", str(model)], input=iris.read_bytes()).stdout == whole


def test_a_row_that_is_refused_after_others_were_printed(cli, iris, model, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "PART_BYTES", 700)
    path, out = tmp_path / "t.csv", tmp_path / "out.csv"
    path.write_bytes(iris.read_bytes() + b"1,2,3,x,setosa\n")
    out.write_text("as it was")
    result = cli("predict", model, path)
    assert result.exit_code == 2
    assert re.search(r"row 152, column 'petal_width': 'x' [^$]*\nThe 140 rows before it were printed", result.stderr)
    result = cli("predict", model, path, "-o", out)
    assert result.exit_code == 2
    assert "printed" not in result.stderr
    assert out.read_text() == "as it was"
    assert all("this file is what is read" in cli("predict", model, path, "-o", read).stderr for read in (model, path))
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", "out.csv", "iris.safetensors"}


def test_two_classes_a_number_and_names_that_are_taken(cli, table, tmp_path):
    path = table(
        "a,kind,prediction,n\n" + "".join(f"{i % 7},{'pq'[i % 2]},{i % 3},{(i % 7) * 100 + 5}\n" for i in range(60))
    )
    assert cli("train", path, "-t", "kind", "--model", tmp_path / "two", *QUICK).exit_code == 0
    rows = predicted(cli("predict", tmp_path / "two", path))
    assert list(rows[0])[4:] == ["prediction_2", "probability_p", "probability_q"]
    assert all(0 <= float(row["probability_p"]) <= 1 for row in rows)
    assert (
        cli("train", path, "-t", "n", "--epochs", 60, "--task", "regression", "--model", tmp_path / "n").exit_code == 0
    )
    rows = predicted(cli("predict", tmp_path / "n", path, "--only"))
    assert list(rows[0]) == ["prediction"]
    assert float(rows[3]["prediction"]) == pytest.approx(305, abs=60)


def test_categories_that_the_model_does_not_know(cli, table, tmp_path):
    path = table("colour,y\n" + "".join(f"{'red' if i % 2 else 'blue'},{i % 2}\n" for i in range(40)))
    assert cli("train", path, "-t", "y", "--model", tmp_path / "m", *QUICK).exit_code == 0
    result = cli("predict", tmp_path / "m", table("colour\nred\ngreen\x1b[2J\n", "new.csv"))
    assert len(predicted(result)) == 2
    assert "Column colour: 1 rows hold a category that the model does not know" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sepal_length,petal_length\n1,2\n", "lacks the columns 'sepal_width', 'petal_width'"),
        ("sepal_length,sepal_width,petal_length\n1,2,3\n", "lacks the column 'petal_width', which the model was"),
        ("sepal_length,sepal_width,petal_length,petal_width\n1,2,3,x\n", "row 2, column 'petal_width': 'x' is not"),
        ("", "a header is expected"),
    ],
)
def test_tables_that_do_not_fit_a_model(cli, model, table, text, message):
    result = cli("predict", model, table(text))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_what_is_no_model(cli, iris, network, tmp_path):
    assert "is no safetensors file" in cli("predict", iris, iris).stderr
    assert cli("predict", network, iris).exit_code == 2
    assert "there is no such file" in cli("predict", tmp_path / "no", iris).stderr


@pytest.mark.parametrize("name", ["no/m", ".", "mine.csv"])
def test_a_model_is_refused_a_place_before_any_training(cli, iris, tmp_path, monkeypatch, name):
    monkeypatch.setattr("chainrule.training.Training.fit", lambda run: pytest.fail("training began"))
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    result = cli("train", iris, "-t", "species", "--model", tmp_path / name)
    assert result.exit_code == 2
    assert "--model" in result.stderr
    assert (tmp_path / "mine.csv").read_text() == "a,b\n1,2\n"


# --- checkpoints ---------------------------------------------------------------------------------------------------


def final(text: str) -> str:
    found = re.search(r"^final ([0-9a-f]{64})$", text, re.MULTILINE)
    assert found, text
    return found[1]


OPTIONS = ("--epochs", 30, "--dropout", 0.1, "--early-stopping", 25, "--dtype", "float64")


def test_checkpoints_and_going_on(cli, iris, tmp_path):
    base = ["train", iris, "-t", "species", *OPTIONS, "--checkpoint-every", 7, "--checkpoint"]
    whole = cli(*base, tmp_path / "whole")
    assert whole.exit_code == 0, whole.stderr
    assert re.findall(r"^saved epoch (\d+)$", whole.stdout, re.MULTILINE) == ["7", "14", "21", "28", "30"]
    assert "epoch 28\n" in cli("check", tmp_path / "whole.previous").stdout
    with CheckpointPath(tmp_path / "part") as place:
        place.save(read_checkpoint(tmp_path / "whole.previous"))
    part = cli(*base, tmp_path / "part", "--resume")
    assert part.exit_code == 0, part.stderr
    assert "Going on after epoch 28" in part.stdout
    assert re.findall(r"^saved epoch (\d+)$", part.stdout, re.MULTILINE) == ["30"]
    assert final(part.stdout) == final(whole.stdout)
    assert (tmp_path / "part").read_bytes() == (tmp_path / "whole").read_bytes()
    done = cli(*base, tmp_path / "part", "--resume")
    assert final(done.stdout) == final(whole.stdout)
    assert "saved epoch" not in done.stdout


def test_resume_begins_where_there_is_nothing(cli, iris, tmp_path):
    result = cli("train", iris, "-t", "species", *QUICK, "--checkpoint", tmp_path / "c", "--resume")
    assert result.exit_code == 0
    assert "saved epoch 5" in result.stdout


def test_a_damaged_checkpoint_is_told(cli, iris, tmp_path):
    path = tmp_path / "c"
    base = ["train", iris, "-t", "species", *QUICK, "--checkpoint-every", 2, "--checkpoint", path]
    whole = cli(*base)
    path.write_bytes(path.read_bytes()[:-3])
    result = cli("check", path)
    assert result.exit_code == 2
    assert "is cut off" in result.stderr
    assert "holds epoch 4: --resume goes on from there" in result.stderr
    again = cli(*base, "--resume")
    assert "is cut off" in again.stderr
    assert final(again.stdout) == final(whole.stdout)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "6"], "is of another training: its optimizer differs"),
        (["--layers", "8"], "is of another training: its layers differs"),
        (["--seed", "1"], "the data of the training has changed"),
        (["--dtype", "float64"], "cannot be resumed"),
        (["--batch-size", "60", "--schedule", "constant"], "its optimizer differs"),
    ],
)
def test_another_training_is_not_resumed(cli, iris, tmp_path, options, message):
    base = ["train", iris, "-t", "species", *QUICK, "--checkpoint", tmp_path / "c"]
    assert cli(*base).exit_code == 0
    before = (tmp_path / "c").read_bytes()
    result = cli(*base, "--resume", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert (tmp_path / "c").read_bytes() == before
    assert not (tmp_path / "c.lock").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--resume"], "--resume needs --checkpoint PATH"),
        (["--checkpoint-every", "3"], "--checkpoint-every needs --checkpoint PATH"),
        (["--checkpoint", "c", "--checkpoint-every", "0"], "--checkpoint-every 0"),
        (["--checkpoint", "no/c"], "there is no directory no"),
        (["--checkpoint", "mine.csv"], "there is a file that is no checkpoint"),
        (["--checkpoint", "x", "--model", "x"], "need two names"),
    ],
)
def test_places_and_options_that_are_refused(cli, iris, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    result = cli("train", iris, "-t", "species", *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert {file.name for file in tmp_path.iterdir()} == {"mine.csv"}


def test_a_training_is_not_begun_anew_over_a_checkpoint(cli, iris, tmp_path):
    base = ["train", iris, "-t", "species", *QUICK, "--checkpoint", tmp_path / "c"]
    assert cli(*base).exit_code == 0
    result = cli(*base)
    assert result.exit_code == 2
    assert "--resume goes on from it" in result.stderr


def test_more_epochs_at_a_constant_rate(cli, iris, tmp_path):
    base = ["train", iris, "-t", "species", "--schedule", "constant", "--l2", "0", "--checkpoint", tmp_path / "c"]
    assert cli(*base, "--epochs", 5).exit_code == 0
    longer = cli(*base, "--epochs", 9, "--resume")
    assert longer.exit_code == 0, longer.stderr
    base[-1] = tmp_path / "whole"
    assert final(longer.stdout) == final(cli(*base, "--epochs", 9).stdout)
    base[-1] = tmp_path / "c"
    assert "has finished epoch 9 already" in cli(*base, "--epochs", 5, "--resume").stderr


LONG = ("-t", "species", "--schedule", "constant", "--engine", "numpy", "--layers", "8", "--checkpoint-every", "3")


def begun(path, *more: str) -> subprocess.Popen[str]:
    """A training without an end that has saved its first checkpoint."""
    process: subprocess.Popen[str] = start(
        ["train", "examples/iris.csv", *LONG, "--epochs", "1000000", "--checkpoint", str(path), *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("saved epoch"):
            return process
    pytest.fail(process.communicate()[1])


def test_killed_interrupted_and_resumed(cli, iris, tmp_path):
    """The epochs go on for ever until the last command says where they end."""
    path = tmp_path / "c"
    process = begun(path)
    refused = cli("train", iris, *LONG, "--checkpoint", path, "--resume")
    assert f"another training (process {process.pid})" in refused.stderr
    assert refused.exit_code == 2
    process.kill()
    saved = re.findall(r"^saved epoch (\d+)$", process.communicate()[0], re.MULTILINE)
    assert read_checkpoint(path).epoch >= int(saved[-1] if saved else 3)
    process = begun(path, "--resume")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stderr) == (130, "")
    assert "--resume goes on from here" in stdout
    assert "final" not in stdout
    end = read_checkpoint(path).epoch + 5
    finished = cli("train", iris, *LONG, "--epochs", end, "--checkpoint", path, "--resume")
    whole = cli("train", iris, *LONG, "--epochs", end, "--checkpoint", tmp_path / "whole")
    assert final(finished.stdout) == final(whole.stdout)


# --- check ---------------------------------------------------------------------------------------------------------


def test_check_tells_what_a_file_holds(cli, network, model):
    result = cli("check", network)
    assert result.exit_code == 0
    assert "Network 4-8-3" in result.stdout
    assert "W1 (4, 8), b1 (8)" in result.stdout.replace("(8,)", "(8)")
    assert "adam, cosine, rate 0.01, steps 100" in result.stdout
    assert "clip_norm" in result.stdout
    result = cli("check", model)
    assert result.exit_code == 0
    for text in ("Model 4-64-3, float32, 515 parameters", "setosa, versicolor, virginica", "iris.csv", "accuracy"):
        assert text in result.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "neither a network file (JSON) nor a model"),
        (b"a,b\n1,2\n", "neither a network file"),
        (b"{", "no JSON"),
        (b"{}", "no network file"),
        (b"\x02\0\0\0\0\0\0\0{}", "chainrule has not written it"),
    ],
)
def test_check_refuses(cli, tmp_path, content, message):
    path = tmp_path / "x"
    path.write_bytes(content)
    result = cli("check", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_check_refuses_a_changed_model(cli, model):
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)
    assert "its digest is not that of what it holds" in cli("check", model).stderr


def test_check_of_what_is_no_file(cli, tmp_path):
    assert "is a directory" in cli("check", tmp_path).stderr
    assert "there is no such file" in cli("check", tmp_path / "no").stderr


# --- predictors ----------------------------------------------------------------------------------------------------


def test_a_model_as_a_program_of_its_own(cli, model, tmp_path):
    path = tmp_path / "iris.c"
    result = cli("source", "--weights", model, "--language", "c", "--prefix", "iris_", "-o", path)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert "int iris_predict_row(" in path.read_text()
    result = cli("source", "--weights", model, "--notes", "es")
    assert result.exit_code == 0
    assert "Predice la columna 'species' de una tabla." in result.stdout
    for arguments, message in (
        (["3-4-1"], "NETWORK: "),
        (["--rate", "0.1"], "--rate: "),
        (["--form", "step"], "--form: "),
        (["--prefix", "x_"], "--prefix: numpy has none"),
        (["--language", "c", "--prefix", "X-"], "use lower-case letters"),
        (["--language", "cobol"], "unknown language 'cobol'"),
    ):
        result = cli("source", "--weights", model, *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
    assert "--prefix goes with --weights" in cli("source", "3-4-1", "--prefix", "x_").stderr
    assert "is no safetensors file" in cli("source", "--weights", tmp_path / "iris.c").stderr


def test_a_model_as_an_onnx_file(cli, model, tmp_path):
    result = cli("export", model)
    assert result.exit_code == 0, result.stderr
    path = model.with_suffix(".onnx")
    assert f"Saved: {path}." in " ".join(result.stdout.split())
    other = tmp_path / "other.onnx"
    assert "Gespeichert:" in cli("export", model, "-o", other, "--lang", "de").stdout
    assert other.read_bytes() == path.read_bytes()
    before = model.read_bytes()
    for arguments, message in (
        ([model, "-o", model], "this file is what is read"),
        ([model, "-o", tmp_path / "nowhere" / "x.onnx"], "there is no directory"),
        ([path], "is no safetensors file"),
        ([tmp_path / "no.safetensors"], "there is no such file"),
    ):
        result = cli("export", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
    assert model.read_bytes() == before
