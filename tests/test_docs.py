"""Every example of README and docs is run: Python blocks in order, with what they print; shell lines as commands."""

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str]]:
    return [(match[1], match[2]) for match in BLOCK.finditer((ROOT / page).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_print_what_the_page_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "docs"}
    found, printed = blocks(page), ""
    for position, (language, text) in enumerate(found):
        if language == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(text, f"{page}, block {position + 1}", "exec"), names)
            printed = output.getvalue()
            after = found[position + 1] if position + 1 < len(found) else ("sh", "")
            wanted = after[1] if after[0] == "" else ""
            same = doctest.OutputChecker().check_output(wanted, printed, LOOSE)
            assert same, f"{page}, block {position + 1} printed\n{printed}\nthe page says\n{wanted}"


def commands() -> list[str]:
    shells = [text for page in PAGES for language, text in blocks(page) if language == "sh"]
    lines = [line for text in shells for line in text.splitlines()]
    return sorted({line.split("  #")[0].strip() for line in lines if line.startswith("chainrule ")})


@pytest.mark.parametrize("command", commands())
def test_commands_of_the_pages_run(command):
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_the_page_of_ops_is_in_step(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_ops  # type: ignore[import-not-found]  # beside the pages, not on the path

    assert (ROOT / "docs" / "ops.md").read_text(encoding="utf-8") == make_ops.page()
