"""`chainrule train`: from a table to a trained network."""

import io
import os
import re
import signal
import subprocess
import sys
import time
import tokenize
from typing import Any

import numpy as np
import pytest

from tests.cli.test_program import start

QUICK = ("--epochs", 5)


def number(text: str, pattern: str) -> float:
    found = re.search(pattern, text, re.MULTILINE)
    assert found, text
    return float(found[1])


def test_iris(cli, iris):
    result = cli("train", iris, "--target", "species")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "150 rows, 5 columns" in result.stdout
    assert "species, 3 classes: setosa 50, versicolor 50, virginica 50" in result.stdout
    assert "120 for training, 30 for the test" in result.stdout
    assert number(result.stdout, r"^accuracy ([\d.]+)") >= 0.9
    assert re.search(r"^  versicolor +[\d·]+ +[\d·]+ +[\d·]+$", result.stdout, re.MULTILINE)
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


def test_a_number_as_target(cli, iris):
    result = cli("train", iris, "--target", "petal_width")
    assert "petal_width, a number from 0.1 to 2.5" in result.stdout
    assert "species" in result.stdout.split("categories")[1].splitlines()[0]
    assert number(result.stdout, r"^R2 ([\d.]+)") > 0.85
    assert 0 < number(result.stdout, r"^mean absolute error ([\d.]+)") < 0.3  # in the units of the table: centimetres
    assert number(result.stdout, r"the mean gives ([\d.]+)") > 0.5


def test_two_classes_share_one_output(cli, table):
    rows = "".join(f"{i % 7},{i % 3},{'yes' if i % 7 > 3 else 'no'}\n" for i in range(70))
    path = table("a,b,answer\n" + rows)
    result = cli("train", path, "--target", "answer", "--program")
    assert "2-64-1, relu, sigmoid" in result.stdout
    assert "binary_cross_entropy" in result.stdout
    assert "delta2 = (p - y) / N" in result.stdout
    assert number(result.stdout, r"^accuracy ([\d.]+)") == 1.0
    two = cli("train", path, "--target", "answer", "--output", "softmax", *QUICK)
    assert "2-64-2, relu, softmax" in two.stdout
    two = cli("train", path, "--target", "answer", "--loss", "softmax_cross_entropy", *QUICK)
    assert "2-64-2, relu, softmax" in two.stdout


def test_the_same_seed_gives_the_same_numbers(cli, iris):
    def run(seed):
        return re.sub(r"in [\d.]+ s", "", cli("train", iris, "--target", "species", *QUICK, "--seed", seed).stdout)

    assert run(3) == run(3)
    assert run(3) != run(4)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--layers", "16-8"], "4-16-8-3, relu, softmax"),
        (["--layers", "none"], "4-3, softmax; 15 parameters"),
        (["--activation", "z * sigmoid(1.702 * z)"], "4-64-3, z * sigmoid(1.702 * z), softmax"),
        (["--activation", "tanh", "--loss", "mean_squared_error"], "4-64-3, tanh, sigmoid"),
        (["--optimizer", "gradient_descent", "--rate", "0.5"], "gradient_descent, rate 0.5, cosine"),
        (["--optimizer", "adamw:decay=0.1", "--schedule", "constant"], "adamw:decay=0.1, rate 0.003, constant"),
        (["--schedule", "exponential:factor=0.99"], "exponential:factor=0.99"),
        (["--l2", "0"], "softmax_cross_entropy\n"),
        (["--l1", "0.001", "--l2", "0.01"], "softmax_cross_entropy, L1 0.001, L2 0.01"),
        (["--dropout", "0.1", "--batch-norm"], "4-64-3, relu, softmax; 579 parameters"),
        (["--batch-size", "120"], "5 epochs of 1 steps, 120 rows a step"),
        (["--dtype", "float64", "--engine", "numpy"], "numpy, float64"),
        (["--test", "0.5", "--validation", "0.2"], "60 for training, 15 for validation, 75 for the test"),
        (["--loss", "huber(p - y)"], "huber(p - y)"),
        (["--task", "classification"], "3 classes"),
    ],
)
def test_options(cli, iris, options, shown):
    result = cli("train", iris, "--target", "species", *QUICK, *options)
    assert result.exit_code == 0, result.stderr
    assert shown in result.stdout


def test_every_optimizer_learns_with_its_default_rate(cli, iris):
    for name in ("gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"):
        result = cli("train", iris, "--target", "species", "--optimizer", name, "--epochs", 100)
        assert number(result.stdout, r"^accuracy ([\d.]+)") >= 0.9, name


def test_counts_are_taken_as_they_are(cli, table):
    random = np.random.RandomState(0)
    x = random.random_sample(300) * 2
    rows = "".join(f"{a:.4f},{n}\n" for a, n in zip(x, random.poisson(np.exp(1.5 * x)), strict=True))
    path = table("x,visits\n" + rows)
    result = cli("train", path, "--target", "visits", "--task", "regression", "--loss", "poisson")
    assert result.exit_code == 0, result.stderr
    assert "1-64-1, relu, exp" in result.stdout
    assert number(result.stdout, r"^R2 ([\d.]+)") > 0.6


def test_early_stopping_keeps_the_best(cli, iris):
    result = cli("train", iris, "--target", "species", "--early-stopping", 2, "--rate", 0.3, "--schedule", "constant")
    assert "108 for training, 12 for validation, 30 for the test" in result.stdout
    best = number(result.stdout, r"^validation loss .* in epoch (\d+)$")
    assert number(result.stdout, r"^The weights are those of epoch (\d+)") == best
    assert number(result.stdout, r"^(\d+) epochs in") == best + 2


def test_many_classes_are_not_tabulated(cli, table):
    random = np.random.RandomState(0)
    rows = "".join(f"{random.random_sample():.3f},c{i % 15}\n" for i in range(300))
    result = cli("train", table("x,class\n" + rows), "--target", "class", *QUICK)
    assert "The most frequent mistakes" in result.stdout
    assert re.search(r"^  true class +answer +times$", result.stdout, re.MULTILINE)


def test_a_category_that_only_the_test_rows_have(cli, table):
    rows = "".join(f"{'odd' if i == 4 else 'abc'[i % 3]},{i % 2}\n" for i in range(40))
    path = table("letter,y\n" + rows)
    shown = [cli("train", path, "--target", "y", "--seed", seed, *QUICK).stdout for seed in range(12)]
    assert any("Column letter: 1 test rows hold a category" in text for text in shown)


def test_what_comes_from_the_file_is_escaped(cli, table):
    rows = "".join(f"{i % 5},{'[bold]x[/]' if i % 2 else chr(27) + '[31m'}\n" for i in range(40))
    result = cli("train", table("a\x1b[2J,[red]y\n" + rows), "--target", "[red]y", *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert "[bold]x[/]" in result.stdout
    assert r"\x1b[31m" in result.stdout


# --- scripts -------------------------------------------------------------------------------------------------------


def run_script(*command: object) -> str:
    result = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False, env={"PATH": ""}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("more", [(), ("--early-stopping", "2", "--rate", "0.3", "--schedule", "constant")])
def test_a_script_repeats_the_training(cli, iris, tmp_path, more):
    path = tmp_path / "again.py"
    result = cli("train", iris, "--target", "species", "--script", path, "--epochs", 20, "--dtype", "float64", *more)
    assert result.exit_code == 0
    assert f"python {path}" in result.stdout.replace("\n", "")
    assert not path.with_suffix(".csv").exists()
    printed = run_script(path)
    if not more:
        assert number(printed, r"loss\D+([\d.]+)$") == pytest.approx(number(result.stdout, r" to ([\d.]+)$"), 1e-3)
    else:
        best = int(number(result.stdout, r"those of epoch (\d+)"))
        assert re.search(rf"for epoch in range\((1, {best + 1}|{best})\)", path.read_text())


def test_a_script_for_larger_data_reads_a_file(cli, table, tmp_path):
    random = np.random.RandomState(0)
    data = table("a,b,c\n" + "".join(f"{a:.3f},{b:.3f},{a * b:.3f}\n" for a, b in random.random_sample((1000, 2))))
    path = tmp_path / "again.py"
    for _ in range(2):  # the second time over its own files
        result = cli("train", data, "--target", "c", "--script", path, *QUICK)
        assert result.exit_code == 0, result.stderr
    assert "loss" in run_script(path, path.with_suffix(".csv"))
    assert data.read_text().startswith("a,b,c\n")


def test_names_from_the_file_are_data_of_the_program_and_never_code(cli, table, tmp_path):
    rows = "".join(f"{i % 5},{i % 3}\n" for i in range(60))
    path = tmp_path / "s.py"
    cli("train", table("import os,evil name\n" + rows), "--target", "evil name", "--script", path, *QUICK)
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    code = " ".join(token.string for token in tokens if token.type != tokenize.STRING)
    assert "evil" not in code
    assert "import os" not in code
    assert "import numpy" in code


# --- Ctrl-C --------------------------------------------------------------------------------------------------------


def test_interrupted_it_keeps_what_was_learned(tmp_path):
    learned = tmp_path / "c"
    often = ["--checkpoint", str(learned), "--checkpoint-every", "100"]
    process = start(
        ["train", "examples/iris.csv", "--target", "species", "--epochs", "1000000", *often],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    before = [process.stdout.readline() for _ in range(10)]
    assert any("engine" in line for line in before)
    while not learned.exists():
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)
    assert "Stopped by Ctrl-C after" in stdout
    assert number(stdout, r"^accuracy ([\d.]+)") > 0.8
    assert (process.returncode, stderr) == (130, "")


# --- bad input -----------------------------------------------------------------------------------------------------

GOOD = "a,b,y\n" + "".join(f"{i % 7},{i % 4},{'pq'[i % 2]}\n" for i in range(20))


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", [], "row 1: a header is expected"),
        ("a,b,y\n", [], "a header but no rows below it"),
        ("a,b,y\n1,2,p\n1,2\n", [], "row 3: 2 cells, but the header has 3"),
        ("a,b,y\n1,2,p\n1,2,3,4\n", [], "row 3: 4 cells, but the header has 3"),
        ("a;b;y\n1;2;3\n", ["--delimiter", ","], "has no target column 'y'"),
        ("a,b,y\n" + "1,2,p\n" * 9, [], "the target is 'p' in every row"),
        ("a,b,y\n" + "1,2,5\n" * 9, [], "the target is '5' in every row"),
        (GOOD.replace("\n3,", "\nthree,", 1), [], "row 5, column 'a': 'three' is not a number"),
        (GOOD.replace("\n3,", "\nnan,", 1), [], "row 5, column 'a': 'nan' is not a number"),
        (GOOD.replace("\n3,", "\ninf,", 1), [], "row 5, column 'a': 'inf' is not a number"),
        (GOOD.replace("p\n", "\n", 1), [], "row 2, column 'y': the cell is empty"),
        (GOOD.replace("\n3,", "\nNA,", 1), [], "'NA' is not a number; --missing NA takes it for an empty cell"),
        (GOOD, ["--delimiter", ";;"], "the separator ';;': one character is expected"),
        (GOOD, ["--delimiter", "a"], "the separator 'a'"),
        (GOOD, ["--decimal", "x"], "decimals with 'x': a point or a comma is expected"),
        (GOOD, ["--encoding", "klingon"], "unknown encoding 'klingon'; known: utf-8, utf-16"),
        (GOOD, ["--without", "c"], "has no column 'c'"),
        (GOOD, ["--without", "a", "--without", "b"], "has only the target column"),
        (GOOD, ["--without", "y"], "--without y: that is the target"),
        (GOOD, ["--target", "yy"], "no target column 'yy'; did you mean 'y'?"),
        (GOOD, ["--target", "colour"], "its columns are 'a', 'b', 'y'"),
        ("y\n1\n2\n", [], "has only the target column"),
        ("a,y\n1,p\n2,q\n", [], "has only 2 rows"),
        ("a,y\n1,p\n2,q\n3,r\n", [], "every class has a single row"),
        (GOOD, ["--batch-size", "17"], "--batch-size 17: at least 1, and at most 16, the number of training rows"),
        (GOOD, ["--batch-size", "0"], "--batch-size 0: at least 1"),
        (GOOD, ["--test", "0"], "--test 0: a share of the rows"),
        (GOOD, ["--test", "1.5"], "--test 1.5: a share of the rows"),
        (GOOD, ["--validation", "-0.1"], "--validation -0.1: a share of the rows"),
        (GOOD, ["--seed", "-1"], "--seed -1"),
        (GOOD, ["--epochs", "-1"], "epochs must be a whole number of at least 0"),
        (GOOD, ["--early-stopping", "0"], "patience must be a whole number of at least 1"),
        (GOOD, ["--layers", "0"], "units must be at least 1"),
        (GOOD, ["--layers", "8,8"], "--layers '8,8': write the units"),
        (GOOD, ["--activation", "rleu"], "unknown activation 'rleu'; known: linear"),
        (GOOD, ["--activation", "z * sigmoid(1.702 * z"], "position"),
        (GOOD, ["--loss", "mse"], "unknown loss 'mse'; known: half_squared_error"),
        (GOOD, ["--loss", "poisson"], "loss poisson is for a number as target"),
        (GOOD, ["--loss", "binary_cross_entropy", "--output", "tanh"], "needs sigmoid as output activation, not tanh"),
        (GOOD, ["--optimizer", "sgd"], "unknown optimizer 'sgd'; known: gradient_descent"),
        (GOOD, ["--schedule", "sine"], "unknown schedule 'sine'; known: constant"),
        (GOOD, ["--engine", "quantum"], "unknown engine 'quantum'; known: auto"),
        (GOOD, ["--dtype", "float16"], "unknown dtype 'float16'; known: float32, float64"),
        (GOOD, ["--task", "guess"], "unknown task 'guess'; known: auto, classification, regression"),
        (GOOD, ["--target", "a", "--task", "regression", "--loss", "softmax_cross_entropy"], "is for classes"),
        (GOOD, ["--target", "a", "--task", "regression", "--loss", "binary_cross_entropy"],
         "row 4, column 'a': '2'; loss binary_cross_entropy needs a target between 0 and 1"),
        (GOOD, ["--task", "regression"], "'p' is not a number"),
        (GOOD, ["--script", "script.txt"], "the name must end in .py"),
        (GOOD, ["--report", "data.csv"], "the name must end in .html"),
        (GOOD, ["--script", "nowhere/script.py"], "there is no directory nowhere"),
        (GOOD, ["--lang", "fr"], "unknown language 'fr'"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_before_any_training(cli, table, monkeypatch, text, arguments, message):
    monkeypatch.setattr("chainrule.training.Training.fit", lambda run: pytest.fail("training began"))
    target = [] if "--target" in arguments else ["--target", "y"]
    result = cli("train", table(text), *target, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) <= 12


def test_standard_input_is_refused_with_what_to_do(cli):
    result = cli("train", "-", "--target", "y")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "write it into a file first" in result.stderr


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_no_file_is_refused(cli, tmp_path, name):
    result = cli("train", tmp_path / name, "--target", "y")
    assert result.exit_code == 2
    assert "there is no such file" in result.stderr or "is a directory" in result.stderr


def test_a_script_never_writes_over_data(cli, table, tmp_path):
    data = table(GOOD, "mine.csv")
    result = cli("train", data, "--target", "y", "--script", tmp_path / "mine.py")
    assert result.exit_code == 2
    assert "would be written over the table itself" in result.stderr
    other = table(GOOD, "other.csv")
    result = cli("train", data, "--target", "y", "--script", tmp_path / "other.py")
    assert result.exit_code == 2
    assert "that no script has written" in result.stderr
    assert data.read_text() == other.read_text() == GOOD


def test_a_script_never_writes_over_another_program_or_the_table(cli, table, tmp_path):
    program = tmp_path / "mine.py"
    program.write_text("import chainrule\n")
    data = table(GOOD, "table.py")
    for name, complaint in ((program, "that no script has written"), (data, "over the table itself")):
        result = cli("train", data, "--target", "y", "--script", name)
        assert result.exit_code == 2
        assert complaint in result.stderr
    assert program.read_text() == "import chainrule\n"
    assert data.read_text() == GOOD


def test_a_script_that_cannot_be_written_is_refused_before_training(cli, table, tmp_path, monkeypatch):
    asked = os.access  # root may write anywhere
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.W_OK and asked(path, mode))
    result = cli("train", table(GOOD), "--target", "y", "--script", tmp_path / "new.py")
    assert result.exit_code == 2
    assert "no right to write" in result.stderr
    assert "epochs" not in result.stdout


def test_a_training_that_diverges_says_where_and_what_to_do(cli, iris):
    options = ["--optimizer", "gradient_descent", "--rate", "1e9", "--loss", "half_squared_error", "--output", "linear"]
    result = cli("train", iris, "--target", "species", *options)
    assert result.exit_code == 2
    assert "training diverged in epoch 1" in result.stderr
    assert "try --rate 1e+08" in result.stderr
    assert len(result.stderr.splitlines()) <= 12


def test_an_error_message_is_short_and_safe(capsys):
    from chainrule.cli.screen import refused

    refused(ValueError("\n".join(["\x1b[31m" + "x" * 1000] * 50)))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 12
    assert max(map(len, lines)) < 520
    assert "\x1b" not in "".join(lines)
    refused(FileNotFoundError(2, "No such file or directory", "a\nb"))
    assert capsys.readouterr().err == "error: a\nb: No such file or directory\n"
    refused(MemoryError())
    assert capsys.readouterr().err == "error: MemoryError\n"


# --- how a file is read --------------------------------------------------------------------------------------------


def test_what_a_german_spreadsheet_writes(cli, tmp_path):
    rows = "".join(
        f"{i % 7},{i % 10};{'grün' if i % 2 else 'weiß'};{'ja' if i % 7 > 3 else 'nein'}\r\n" for i in range(60)
    )
    path = tmp_path / "tabelle.csv"
    path.write_bytes(("Länge;Farbe;Blüte\r\n" + rows).encode("cp1252"))
    result = cli("train", path, "-t", "Blüte", *QUICK)
    assert "not UTF-8 (byte 0xe4 at byte 2 of the line)" in result.stderr
    assert "--encoding cp1252" in result.stderr
    result = cli("train", path, "-t", "Blüte", "--encoding", "cp1252", "--model", tmp_path / "m", *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "numbers     Länge" in result.stdout
    assert "cells separated by semicolon, decimals as in 1,5, cp1252" in result.stdout
    result = cli("predict", tmp_path / "m", path, "--encoding", "cp1252")
    assert result.stdout.splitlines()[1].startswith("0.0,weiß,nein,")
    again = tmp_path / "again.csv"
    again.write_text(result.stdout, encoding="utf-8")
    assert cli("predict", tmp_path / "m", again, "--only").stdout == cli(
        "predict", tmp_path / "m", path, "--encoding", "cp1252", "--only"
    ).stdout  # fmt: skip


def test_remarks_on_columns(cli, table):
    rows = "".join(
        f"{i},{'' if i == 7 else i % 5},7,{'' if i % 9 == 0 else 'ab'[i % 2]},{'pq'[i % 2]}\n" for i in range(40)
    )
    path = table("id,size,always,letter,y\n" + rows)
    shown = " ".join(cli("train", path, "-t", "y", *QUICK).stdout.split())
    assert "Column id looks like an identifier" in shown
    assert "Column always is the same in every row" in shown
    assert "Column size, empty cells: 1; they are filled in with the median" in shown
    assert "Column letter, empty cells: 5; empty is a category of its own" in shown
    less = cli("train", path, "-t", "y", "--without", "id", "--without", "always", *QUICK).stdout
    assert "identifier" not in less
    assert "4-64-1" in less.replace("5-64-1", "4-64-1")  # size and whether it is missing, letter in two or three


def test_texts_that_stand_for_nothing(cli, table, tmp_path):
    rows = "".join(f"{'NA' if i % 4 == 0 else i % 7},{'pq'[i % 2]}\n" for i in range(40))
    path = table("a,y\n" + rows)
    assert "--missing NA" in cli("train", path, "-t", "y", *QUICK).stderr
    result = cli("train", path, "-t", "y", "--missing", "NA,?", "--model", tmp_path / "m", *QUICK)
    assert "2-64-1" in result.stdout
    assert cli("predict", tmp_path / "m", path, "--missing", "NA").exit_code == 0


def test_a_parquet_file(cli, iris, tmp_path):
    pl = pytest.importorskip("polars")
    path = tmp_path / "iris.parquet"
    pl.read_csv(iris).write_parquet(path)
    same = [
        re.sub(r"in [\d.]+ s|iris\.\w+|/.*/", "", cli("train", file, "-t", "species", *QUICK).stdout)
        for file in (iris, path)
    ]
    assert same[0].split() == same[1].split()


def test_the_script_says_how_the_columns_came_about(cli, table, tmp_path):
    """FEATURES, MEAN, STD and CLASSES make X of new rows as the training did it."""
    rows = [f"{i % 7}.5,7,{'red' if i % 3 else ''},{i if i % 5 else ''},{'v' if i % 2 else 'u'}\n" for i in range(40)]
    data, path = table("".join(["a,same,c,gaps,y\n", *rows])), tmp_path / "script.py"
    result = cli("train", data, "--target", "y", "--script", path, "--layers", "none", *QUICK)
    assert result.exit_code == 0, result.stderr
    text = path.read_text()
    assert 'FEATURES = ["a", "same", "c is missing", "c=red", "gaps", "gaps is missing"]' in text
    assert "np.inf" in text
    assert 'CLASSES = ["v"]' in text
    names: dict[str, Any] = {}
    exec(compile(text.replace("print(", "str("), "script.py", "exec"), names)
    made = (np.array([[3.5, 7, 1, 0, 4, 0]]) - names["MEAN"]) / names["STD"]
    assert made.shape == (1, names["X"].shape[1])
    assert made[0, 1] == 0
    assert np.abs(names["X"][:, 0].mean()) < 1e-6


@pytest.mark.parametrize("keeps", [False, True])
def test_a_reader_that_goes_early_costs_no_model(keeps, iris, tmp_path):
    """`chainrule train ... --model m.safetensors | head -1`."""
    model = ["--model", tmp_path / "m.safetensors"] if keeps else []
    command = [sys.executable, "-m", "chainrule", "train", iris, "-t", "species", *QUICK, *model]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert (started.wait(), started.stderr.read()) == (0 if keeps else 1, b"")
    assert keeps == (tmp_path / "m.safetensors").exists()
