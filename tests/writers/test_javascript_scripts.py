"""Complete programs in JavaScript under node, beside the engine."""

import json
import subprocess
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.tools import find_tool
from tests.writers.networks import NETWORKS
from tests.writers.test_scripts import check, training


def run_node(source, folder, *arguments):
    (folder / "script.mjs").write_text(source, encoding="utf-8")
    command = [find_tool("node"), "script.mjs", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=300)


SCRIPTS = [name for name in NETWORKS if name not in ("adam", "founding_3_1")]
SINGLE = "batch_norm_in_float32"
ALL_OF_THEM = """
const say = console.log, printed = {};
for (const name of process.argv.slice(2)) {
    printed[name] = "";
    console.log = (text) => { printed[name] += text + "\\n"; };
    await import(`./${name}.mjs`);
}
say(JSON.stringify(printed));
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What scripts print, by name: one after another in one process."""
    folder = tmp_path_factory.mktemp("scripts")
    for name in (*SCRIPTS, SINGLE):
        run = training("batch_norm", "float32") if name == SINGLE else training(name)
        (folder / f"{name}.mjs").write_text(run.source("javascript", form="script"), encoding="utf-8")
    done = run_node(ALL_OF_THEM, folder, *SCRIPTS, SINGLE)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SCRIPTS)
def test_javascript_scripts_reach_the_numbers_of_the_engine(name, printed):
    check(printed[name], training(name).fit(), 1e-8)


def test_a_javascript_script_in_float32(printed):
    check(printed[SINGLE], training("batch_norm", "float32").fit(), 1e-4)


def test_a_javascript_script_on_its_own(tmp_path):
    run = training("founding_3_4_1")
    done = run_node(run.source("javascript", form="script"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    check(done.stdout, run.fit(), 1e-8)


@pytest.fixture(scope="module")
def large():
    """Data that is not baked in, with weights."""
    random = np.random.RandomState(5)
    X, y = random.standard_normal((1000, 8)), random.standard_normal((1000, 1))
    more: dict[str, Any] = {"epochs": 2, "batch_size": 128, "dtype": "float64", "progress": False}
    weights = random.uniform(0.5, 1.5, 1000)
    return cr.Training(NETWORKS["regression"](), X, y, sample_weight=weights, **more)


def test_data_from_a_csv(large, tmp_path):
    large.save_data(tmp_path / "data.csv")
    done = run_node(large.source("javascript", form="script"), tmp_path, "data.csv")
    assert (done.returncode, done.stderr) == (0, "")
    check(done.stdout, large.fit(), 1e-8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no row below its header line"),
        ("h\n1,2\n", "line 2: 10 columns are needed, 8 columns of X, then 1 of y, and the weight of the row"),
        ("h\n1,two,3,4,5,6,7,8,9,1\n", 'line 2, column 2: "two" is no number'),
        ("h\n1,,3,4,5,6,7,8,9,1\n", 'line 2, column 2: "" is no number'),
        ("h\n1,0x1,3,4,5,6,7,8,9,1\n", 'line 2, column 2: "0x1" is no number'),
        ("h\n1,Infinity,3,4,5,6,7,8,9,1\n", 'line 2, column 2: "Infinity" is no number'),
        ("h\n1,1e999,3,4,5,6,7,8,9,1\n", "line 2, column 2: 1e999 is too large"),
        (None, "no such file"),
    ],
)
def test_a_bad_csv_is_refused(content, message, large, tmp_path):
    if content is not None:
        (tmp_path / "data.csv").write_text(content, encoding="utf-8")
    done = run_node(large.source("javascript", form="script"), tmp_path, "data.csv")
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_csv_the_script_says_what_it_needs(large, tmp_path):
    done = run_node(large.source("javascript", form="script"), tmp_path)
    assert done.returncode == 2
    assert "usage: node" in done.stderr


def test_given_weights_are_in_the_script(tmp_path):
    program = cr.derive(cr.Network.parse("3-14-2"), "mean_squared_error", cr.Adam())
    random = np.random.RandomState(0)
    X, y = random.standard_normal((20, 3)), random.standard_normal((20, 2))
    given = {"W1": random.standard_normal((3, 14)), "b2": [0.5, -0.5]}
    run = cr.Training(program, X, y, epochs=3, batch_size=6, seed=9, dtype="float64", parameters=given, progress=False)
    done = run_node(run.source("javascript", form="script"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    check(done.stdout, run.fit(), 1e-8)
