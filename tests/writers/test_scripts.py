"""Emitted scripts run on their own, with nothing but NumPy or JAX, and reach the numbers of the engine."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.tools import install
from tests.writers.agreement import load
from tests.writers.networks import NETWORKS, RUNS, XOR, labels, table

NUMPY_SCRIPTS = [name for name in NETWORKS if name not in ("founding_3_1", "regression", "adam")]
START = "import runpy, sys; sys.path[:0] = ['packages']; del sys.argv[0]; runpy.run_path('script.py', None, '__main__')"
START_ALL = """
import contextlib, runpy, sys, traceback
sys.path[:0] = ['packages']
for script in sys.argv[1:]:
    with open(script + '.printed', 'w', encoding='utf-8') as file, contextlib.redirect_stdout(file):
        sys.argv = [script]
        try:
            runpy.run_path(script, None, '__main__')
        except BaseException:
            traceback.print_exc(file=file)
"""


@pytest.fixture
def execute(tmp_path):
    """Run a script in a directory of its own where a language's own packages are all that is installed."""

    def run(source: str, language: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        install(language, tmp_path)
        (tmp_path / "script.py").write_text(source, encoding="utf-8")
        command = [sys.executable, "-I", "-S", "-W", "error", "-c", START, "script.py", *arguments]
        options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 120, "check": False}
        options["env"] = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}  # as its user runs it
        return subprocess.run(command, cwd=tmp_path, **options)

    return run


SINGLE, SATURATED = "batch_norm in float32", "saturated"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What NumPy scripts print, by name, or their traceback: one after another in one such process."""
    folder = tmp_path_factory.mktemp("scripts")
    install("numpy", folder)
    far = replace(RUNS["founding_3_4_1"], X=[[-1e6, 0, 1], [0, 1e6, 1], [1, 0, 1], [1, 1, 1]], epochs=3)
    sources = {name: training(name).source("numpy", form="script") for name in NUMPY_SCRIPTS}
    sources[SINGLE] = training("batch_norm", "float32").source("numpy", form="script")
    sources[SATURATED] = NETWORKS["founding_3_4_1"]().source(form="script", run=far)
    for name, source in sources.items():
        (folder / name).write_text(source, encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", START_ALL, *sources]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {name: (folder / f"{name}.printed").read_text(encoding="utf-8") for name in sources}


def numbers(text: str) -> list[float]:
    """The loss and the outputs that a script prints at the end."""
    loss, outputs = re.split(r"\noutput.*:\n", text[text.index("loss in the last epoch:") :])
    return [float(word) for word in f"{loss.split(':')[1]} {outputs}".split()]


def execute_in_jax(pieces: list[str]) -> str:
    """What pieces of a program print, run in this process with float64 for that time only."""
    jax = pytest.importorskip("jax")
    namespace: dict[str, object] = {"__name__": "__main__"}
    with jax.enable_x64(True), contextlib.redirect_stdout(io.StringIO()) as printed:
        for piece in pieces:
            assert piece.count("jax.config") <= 1
            exec(compile(re.sub(r"^jax.config.*$", "", piece, flags=re.MULTILINE), "<piece>", "exec"), namespace)
    return printed.getvalue()


def training(name: str, dtype: str = "float64") -> cr.Training:
    """A short training of one of the ten networks; each shows another side of a script."""
    program = NETWORKS[name]()
    D, K = (int(program.inputs[key][1]) for key in ("X", "y"))
    X, y = table(17, D, K)
    more: dict[str, Any] = {"epochs": 6, "batch_size": 5, "seed": 3, "dtype": dtype, "progress": False}
    special: dict[str, dict[str, Any]] = {
        "founding_3_4_1": {"epochs": 300, "batch_size": None, "seed": 1},
        "relu_softmax": {"sample_weight": np.linspace(0.5, 1.5, 17), "batch_size": None},
        "batch_norm": {"batch_size": 8},
        "gelu_clip": {"shuffle": False, "parameters": {"b1": [0.1] * 5}},
        "leaky_elastic": {"parameters": {"W2": np.arange(10.0).reshape(5, 2) / 10}},
        "dropout": {"batch_size": None},
    }
    more |= special.get(name, {})
    if name == "founding_3_4_1":
        X, y = np.array(XOR, float).tolist(), [[0.0], [1.0], [1.0], [0.0]]
    if name in ("relu_softmax", "gelu_clip"):
        y = labels(17, K)
    return cr.Training(program, X, y, **more)


def check(text: str, run: cr.Training, tolerance: float) -> None:
    assert "Traceback" not in text, text
    found = numbers(text)
    expected = [run.history["loss"][-1], *run.predict(run.X[:4]).ravel()]
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", NUMPY_SCRIPTS)
def test_numpy_scripts_reach_the_numbers_of_the_engine(name, printed):
    check(printed[name], training(name).fit(), 1e-8)


def test_a_script_in_float32(printed):
    run = training("batch_norm", "float32")
    check(printed[SINGLE], run.fit(), 1e-4)
    assert "0.10000000149011612" not in run.source("numpy", form="script")


@pytest.mark.parametrize("name", ["founding_3_4_1", "batch_norm", "dropout"])
def test_jax_scripts_reach_the_numbers_of_the_engine(name):
    """In this process, which costs less; with nothing but JAX below, where data come from a CSV."""
    run = training(name)
    check(execute_in_jax([run.source("jax", form="script")]), run.fit(), 1e-8)


def test_the_founding_script_prints_the_six_errors():
    """FACTS.md; the whole training would take its time, so the loop is run for its first 10,001 iterations."""
    source = NETWORKS["founding_3_4_1"]().source("numpy", form="script", run=RUNS["founding_3_4_1"])
    assert "for epoch in range(60000):\n    if epoch % 10000 == 0:\n" in source
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        load(source.replace("range(60000)", "range(10001)"))
    errors = re.findall(r"^epoch \d+: mean absolute error (\S+)$", printed.getvalue(), re.MULTILINE)
    assert errors == ["0.496410031903", "0.00858452565325"]


def test_one_hot_targets_are_written_as_labels():
    source = NETWORKS["gelu_clip"]().source(form="script", run=RUNS["gelu_clip"])
    assert "labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])  # the class of each row\n" in source
    assert "y = np.eye(3, dtype=np.float64)[labels]\n" in source


def test_a_branch_that_the_number_of_rows_rules_out_is_not_written():
    run = RUNS["batch_norm"]
    assert "no batch of one row" in NETWORKS["batch_norm"]().source(form="script", run=run)  # 17 rows, 8 at a time
    plain = NETWORKS["batch_norm"]().source(form="script", run=replace(run, batch_size=9))
    assert "for start in range(0, len(X), 9):\n        rows = order[start : start + 9]\n" in plain


def test_a_saturated_sigmoid_warns_nobody(printed):
    assert len(numbers(printed[SATURATED])) == 5, printed[SATURATED]


# --- data in a file --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large():
    """Data that is not baked in, with weights."""
    random = np.random.RandomState(5)
    X, y = random.standard_normal((1000, 8)), random.standard_normal((1000, 1))
    weights = random.uniform(0.5, 1.5, 1000)
    program = NETWORKS["regression"]()
    more: dict[str, Any] = {"epochs": 3, "batch_size": 128, "dtype": "float64", "progress": False}
    return cr.Training(program, X, y, sample_weight=weights, **more)


@pytest.mark.parametrize("language", ["numpy", "jax"])
def test_data_from_a_csv(language, large, execute, tmp_path):
    pytest.importorskip(language)
    large.save_data(tmp_path / "data.csv")
    done = execute(large.source(language, form="script"), language, "data.csv")
    assert done.returncode == 0, done.stderr
    if not large.epoch:
        large.fit()
    check(done.stdout, large, 1e-8)


def test_without_a_csv_the_script_says_what_it_needs(large, execute):
    done = execute(large.source("numpy", form="script"), "numpy")
    assert done.returncode == 1
    assert "usage: python" in done.stderr
    assert "8 columns of X, then 1 of y, and the weight of the row" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_csv_of_another_width_is_refused(large, execute, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = execute(large.source("numpy", form="script"), "numpy", "data.csv")
    assert done.returncode == 1
    assert "data.csv has 2 columns; 10 are needed" in done.stderr
    assert "Traceback" not in done.stderr


# --- notebooks -------------------------------------------------------------------------------------------------------


def cells(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", ["founding_3_4_1", "batch_norm", "dropout", "gelu_clip", "poisson_schedule"])
def test_notebooks_execute_from_top_to_bottom(name):
    run = training(name)
    namespace: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for cell in cells(run.source("numpy", form="notebook")):
            exec(compile(cell, "<cell>", "exec"), namespace)
    check(printed.getvalue(), run.fit(), 1e-8)
    for step in NETWORKS[name]().steps:
        assert step.name in namespace


def test_a_jax_notebook_executes():
    run = training("founding_3_4_1")
    check(execute_in_jax(cells(run.source("jax", form="notebook"))), run.fit(), 1e-8)


def test_a_notebook_with_data_from_a_file(large, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    large.save_data("data.csv")
    namespace: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells(large.source("numpy", form="notebook")):
            exec(compile(cell, "<cell>", "exec"), namespace)
    np.testing.assert_allclose(np.asarray(namespace["X"]), large.X)


def test_the_notebook_is_of_format_4_5():
    notebook = json.loads(training("dropout").source("jax", form="notebook"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    identities = [cell["id"] for cell in notebook["cells"]]
    assert len(set(identities)) == len(identities)
    assert all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", identity) for identity in identities)
    for cell in notebook["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"id", "cell_type", "metadata", "source"} | code
        assert all(line.endswith("\n") for line in cell["source"][:-1])
    headings = [line for cell in notebook["cells"] for line in cell["source"] if line.startswith("### ")]
    assert headings == ["### forward", "### loss", r"### backward: delta = error \* slope", "### update"]
