"""`step`, `explain`, `diagnose` and `compare`: what they print, and what they refuse."""

import pytest

import chainrule as cr


def test_step_goes_through_every_statement(cli):
    shown = cli("step")
    assert shown.exit_code == 0
    assert "z1 = X @ W1     (4x3) @ (3x4) = (4x4)" in shown.stdout
    assert "dW1 = X.T @ delta1     (3x4) @ (4x4) = (3x4)" in shown.stdout
    assert "W1 -= learning_rate * dW1     (3x4)" in shown.stdout
    assert "delta (dL/dz) = error * slope" in shown.stdout


def test_step_for_one_row_later_and_edited(cli):
    shown = cli("step", "--sample", 2, "--after", 1000, "--replace", "error2 = (a2 - y)**3")
    assert "z1 = X @ W1     (1x3) @ (3x4) = (1x4)" in shown.stdout
    assert "error2 = (a2 - y)**3" in shown.stdout


def test_step_of_a_wide_network_is_no_wall_of_numbers(cli):
    shown = cli("step", "784-128-10")
    assert shown.exit_code == 0
    assert "8 rows drawn at random with seed 1" in shown.stdout
    assert len(shown.stdout) < 15_000
    assert "(8x784) @ (784x128) = (8x128)" in shown.stdout


def test_step_on_a_table(cli, iris):
    shown = cli("step", "--data", iris, "--target", "species", "--lang", "de")
    assert "(150x4) @ (4x8) = (150x8)" in shown.stdout
    assert "Voraktivierung" in shown.stdout or "Eingaben" in shown.stdout


def test_explain_writes_the_chain_rule_out(cli):
    shown = cli("explain", "--weight", "W1[0,2]", "--sample", 2)
    assert shown.exit_code == 0
    assert "delta1[2,2] = error1 * slope1" in shown.stdout
    assert "0.106965 * 0.181574 = 0.019422" in shown.stdout
    assert "complex step" in shown.stdout


def test_diagnose_names_a_vanishing_gradient(cli, iris):
    deep = "4-8-8-8-8-8-8-3"
    shown = cli(
        "diagnose", deep, "--data", iris, "--target", "species", "--activation", "sigmoid", "--epochs", 5,
        "--batch-size", 16,
    )  # fmt: skip
    assert "Vanishing gradient" in shown.stdout
    assert "measured: delta_size1 / delta_size7 = " in shown.stdout
    assert "remedy: relu" in shown.stdout


def test_diagnose_applies_the_first_remedy(cli):
    deep = ("diagnose", "3-8-8-8-8-8-8-1", "--activation", "sigmoid", "--epochs", 20, "--apply")
    first, again = cli(*deep).stdout.split("The remedy of the first verdict is applied")
    assert "Vanishing gradient" in first
    assert "Vanishing gradient" not in again
    assert "3-8-8-8-8-8-8-1 relu" in again
    assert "Training loss at the end: " in again
    refused = cli("diagnose", "--apply", "--replace", "error2 = (a2 - y)**3")
    assert refused.exit_code == 2
    assert "--replace" in refused.stderr


@pytest.mark.parametrize("experiment", ["loss", "far"])
def test_compare_draws_what_it_found(cli, tmp_path, experiment):
    pytest.importorskip("matplotlib")
    file = tmp_path / "compared.svg"
    shown = cli("compare", experiment, "--seeds", 2, "--iterations", 20, "--plot", file)
    assert shown.exit_code == 0
    assert "The picture is in" in shown.stdout
    assert file.read_bytes().startswith(b"<?xml")
    refused = cli("compare", experiment, "--plot", tmp_path / "compared.txt")
    assert refused.exit_code == 2
    assert "must end in .svg" in refused.stderr


def test_compare_tells_the_experiment_of_question_three(cli):
    shown = cli("compare", "--seeds", 1, "--replace", "error2 = tanh(a2 - y)")
    rows = [line.split() for line in shown.stdout.split("\n")]
    assert [row[3] for row in rows if row[:3] == ["error", "*", "slope"]] == ["0.043"]
    assert "error2 = tanh(a2 - y)" in shown.stdout
    shown = cli("compare", "far", "--iterations", 1500)
    assert "1,040" in shown.stdout
    assert "not within 1,500" in shown.stdout
    shown = cli("compare", "depth", "--seeds", 1, "--iterations", 2, "--activation", "elu")
    assert "elu, 10" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("step", "--sample", 9), "--sample 9: there are 4 rows, counted from 0"),
        (("step", "--after", -1), "--after -1: a whole number from 0"),
        (("step", "--replace", "error2"), "write a step and its new formula"),
        (("step", "--replace", "error9 = 1"), "no step is named 'error9'"),
        (("step", "--data", "x.csv"), "--data FILE and --target COLUMN go together"),
        (("explain", "--weight", "W7[0,0]"), "there is no weight W7; there is W1[2,3]"),
        (("explain", "--sample", 4), "sample 4: there are 4 rows"),
        (("compare", "everything"), "unknown experiment 'everything'; known: loss, far, depth"),
        (("compare", "--seeds", 0), "--seeds 0: from 1"),
        (("compare", "far", "--replace", "error2 = y"), "--replace goes with the experiment loss"),
        (("diagnose", "--epochs", 0), "--epochs 0: at least 1"),
        (("landscape", "--epochs", 0), "--epochs 0: at least 1"),
        (("landscape", "--weight", "W1[0,0]"), "--weight: two are needed, 1 given"),
        (("landscape", "--weight", "W1[0,0]", "--weight", "W9[0,0]"), "no weight 'W9[0,0]'"),
        (("landscape", "--line", "--weight", "W1[0,0]"), "it does not go with --weight"),
        (("landscape", "--points", 2), "points"),
    ],
)
def test_what_is_refused(cli, arguments, message):
    shown = cli(*arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert len(shown.stderr.split("\n")) <= 12


def test_a_network_that_does_not_fit_the_table(cli, iris):
    shown = cli("step", "5-3-2", "--data", iris, "--target", "species")
    assert shown.exit_code == 2
    assert "makes 4 inputs and 3 outputs, but 5-3-2 has 5 and 2; 4-8-3 would fit" in shown.stderr


def test_landscape_shows_the_slice_and_the_way_across_it(cli, tmp_path):
    shown = cli("landscape", "--epochs", 60, "--points", 5, "--weight", "W1[0,2]", "--weight", "W2[1,0]")
    assert "The loss over W1[0, 2] (across) and W2[1, 0] (down); the other weights (14)" in shown.stdout
    assert shown.stdout.count("*") == 2  # in words, and in its place
    assert "     60 " in shown.stdout
    assert "all 16 weights moved together" in shown.stdout
    file = tmp_path / "line.svg"
    shown = cli("landscape", "--line", "--epochs", 60, "--points", 5, "--lang", "de", "--plot", file)
    assert "entlang der Geraden" in shown.stdout
    assert file.read_text(encoding="utf-8").startswith("<?xml")


def test_step_through_in_python_changes_nothing_and_shows_in_a_notebook():
    program = cr.derive(cr.Network.parse("3-4-1"), optimizer=cr.Adam(0.01))
    X, y = [[0, 0, 1], [0, 1, 1]], [0, 1]
    stops = cr.step_through(program, X, y, seed=3)
    values = cr.trace(program, X, y, seed=3)
    assert [s.name for s in stops if s.phase != "update"] == [n for n in values if not n.startswith("correction")]
    assert all((s.value == values[s.name]).all() for s in stops if s.name in values)
    assert stops[-1].name == "b2"
    assert "(2x3) @ (3x4) = (2x4)" in stops._repr_html_()
