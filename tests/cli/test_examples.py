"""The programs in examples/ run, on their own, and say what they promise; tests/test_facts.py has the founding ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "promise"),
    [
        ("iris.py", "flowers it has not seen: 0.9"),
        ("own_formula.py", "the gradient of the declared loss"),
    ],
)
def test_it_runs(name, promise):
    result = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / name],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert promise in result.stdout


def test_every_example_is_run():
    known = {mark.args[1][i][0] for mark in test_it_runs.pytestmark for i in range(len(mark.args[1]))}
    facts = (ROOT / "tests" / "test_facts.py").read_text(encoding="utf-8")
    known |= {f"founding/{name}" for name in re.findall(r'by_hand\("(\w+\.py)"\)', facts)}
    assert {path.relative_to(ROOT / "examples").as_posix() for path in (ROOT / "examples").rglob("*.py")} == known
