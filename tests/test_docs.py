"""Every example of README and docs is run.

python      in order, with what they print     py      the same with PyTorch, where it is installed (`make oracle`)
sh          each line that begins with chainrule, as a command of its own
bash        a page's blocks as one script, in a folder of its own, with what it prints
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chainrule.cli import app
from chainrule.formulas.activations import ACTIVATIONS
from tests.tools import find_tool

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str]]:
    return [(match[1], match[2]) for match in BLOCK.finditer((ROOT / page).read_text(encoding="utf-8"))]


def printed_after(found: list[tuple[str, str]], position: int) -> str:
    """What the page says that a block prints."""
    after = found[position + 1] if position + 1 < len(found) else ("sh", "")
    return after[1] if after[0] == "" else ""


def same(wanted: str, printed: str, place: str) -> None:
    fits = doctest.OutputChecker().check_output(wanted, printed, LOOSE)
    assert fits, f"{place} printed\n{printed}\nthe page says\n{wanted}"


def run_python(page: str, languages: Collection[str]) -> None:
    names: dict[str, object] = {"__name__": "docs"}
    found = blocks(page)
    for position, (language, text) in enumerate(found):
        if language in languages:
            place, output = f"{page}, block {position + 1}", io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(text, place, "exec"), names)
            same(printed_after(found, position), output.getvalue(), place)


@pytest.fixture(autouse=True)
def rows_of_the_pages_stay_there():
    """What a page adds to the book of formulas is gone after it: other tests count its rows."""
    before = dict(ACTIVATIONS)
    yield
    for name in set(ACTIVATIONS) - set(before):
        del ACTIVATIONS[name]


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_print_what_the_page_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    run_python(page, {"python"})


WITH_PYTORCH = [page for page in PAGES if any(language == "py" for language, _ in blocks(page))]


@pytest.mark.parametrize("page", WITH_PYTORCH)
def test_pytorch_blocks_print_what_the_page_says(page, monkeypatch):
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed here: `make oracle` runs these blocks")
    monkeypatch.chdir(ROOT)
    run_python(page, {"python", "py"})


SCRIPTS = [page for page in PAGES if any(language == "bash" for language, _ in blocks(page))]
TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "cc", "bash")
END = "=== end of block ==="


@pytest.mark.parametrize("page", SCRIPTS)
def test_scripts_of_the_pages_print_what_they_say(page, tmp_path):
    """Without a tool the script ends before the first block that needs it, and the test says that it was skipped."""
    found = blocks(page)
    places = [position for position, (language, _) in enumerate(found) if language == "bash"]
    missing = ""
    for position in places:
        for name in (name for name in TOOLS if re.search(rf"^{name} ", found[position][1], re.MULTILINE)):
            try:
                find_tool(name)
            except pytest.skip.Exception:
                missing = missing or name
        if missing:
            places = [place for place in places if place < position]
            break
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name, words in (("chainrule", "-m chainrule"), ("python", "")):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    script = "set -eu\n" + "".join(f"{found[place][1]}echo '{END}'\n" for place in places)
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "CHAINRULE_LANG": "en"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{page}: {done.stdout}{done.stderr}"
    for place, printed in zip(places, done.stdout.split(END), strict=False):
        same(printed_after(found, place), printed, f"{page}, block {place + 1}")
    if missing:
        pytest.skip(f"{missing} is not installed: the blocks from there on were not run")


def commands() -> list[str]:
    shells = [text for page in PAGES for language, text in blocks(page) if language == "sh"]
    lines = [line for text in shells for line in text.splitlines()]
    return sorted({line.split("  #")[0].strip() for line in lines if line.startswith("chainrule ")})


# These take seconds, and others read what they print: tests/test_facts.py, and tests/cli/test_train.py (test_iris).
RUN_ELSEWHERE = {"chainrule demo", "chainrule train examples/iris.csv --target species"}


@pytest.mark.parametrize("command", [line for line in commands() if line not in RUN_ELSEWHERE])
def test_commands_of_the_pages_run(command, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_the_page_of_ops_is_in_step(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_ops  # type: ignore[import-not-found]  # beside the pages, not on the path

    assert (ROOT / "docs" / "ops.md").read_text(encoding="utf-8") == make_ops.page()
