"""`chainrule descend`."""

import pytest

from tests.tools import ALL


def test_the_founding_descent(cli):
    result = cli("descend", "x^2 - 4x + 6", "--from", "8", "--rate", "0.1")
    assert result.exit_code == 0
    for line in (
        "f'(x)  = 2x - 4",
        "2x - 4 = 0 is linear and can be solved: x = 2.",
        "     1      6.8    25.04",
        "33   2.0038",
    ):
        assert line in result.stdout
    assert "largest rate that still converges is 1." in result.stdout
    assert "Newton-Raphson" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_two_variables_and_a_leading_minus(cli):
    assert "saddle point" in cli("descend", "x^2 - y^2", "--from", "4,0").stdout
    result = cli("descend", "-x^2", "--from", "-1")
    assert result.exit_code == 0
    assert "falls without end" in result.stdout
    assert cli("descend", "-cos(x)", "--from", "-1").exit_code == 0
    assert cli("descend", "-tanh(x)^2").exit_code == 0


def test_differences(cli):
    result = cli("descend", "sigmoid(x)", "--differences", "--lang", "de")
    assert "komplexer Schritt" in result.stdout
    assert "1e-16" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x y"], "is the product x * y meant"),
        (["1/x", "--from", "0"], "no finite real value at the start"),
        (["("], "position"),
        (["(" * 1000], "nested deeper"),
        (["x" * 10_001], "longer than"),
        (["x^2", "--from", "two"], "--from 'two'"),
        (["x^2", "--grid", "1"], "--grid"),
        (["x^2", "--between", "1,2"], "--between goes with --differences"),
        (["x^2\x1b[31m"], "unexpected character"),
        (["x^2", "--rate", "nan"], "rate"),
    ],
)
def test_bad_input_is_refused_in_a_few_lines(cli, arguments, message):
    result = cli("descend", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) <= 12
    assert "\x1b" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["a.svg", "a.png", "a.pdf"] if ALL else ["a.svg"])
def test_a_picture_is_written(cli, tmp_path, name):
    pytest.importorskip("matplotlib").use("Agg")
    file = tmp_path / name
    assert cli("descend", "x^2", "--plot", file, "--dark").exit_code == 0
    assert file.stat().st_size > 1000


def test_a_picture_needs_a_place(cli, tmp_path):
    assert "must end in .svg" in cli("descend", "x^2", "--plot", tmp_path / "a.txt").stderr
    assert cli("descend", "x^2", "--plot", tmp_path / "none" / "a.svg").exit_code == 2
