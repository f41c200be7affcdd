"""Predictors run as their users run them: a file, a table, and nothing else that is ours."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

from chainrule.cli.predict import as_csv
from chainrule.data import Table
from tests.tools import find_tool, install
from tests.writers.compiled import STRICT

FILES = {"numpy": "predictor.py", "jax": "predictor.py", "javascript": "predictor.mjs", "c": "predictor.c"}
START = "import runpy, sys; sys.path[:0] = ['packages']; del sys.argv[0]; runpy.run_path(sys.argv[0], None, '__main__')"

Answers = dict[str, list[str]]


def command(source: str, language: str, folder: Path) -> list[str]:
    """What runs a predictor: a Python that has the language's own packages and no others, node, a compiled program."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILES[language]
    path.write_text(source, encoding="utf-8", newline="")
    if language == "javascript":
        return [find_tool("node"), str(path)]
    if language == "c":
        built = [find_tool("gcc"), *STRICT, "-DMAIN", str(path), "-o", str(folder / "predictor"), "-lm"]
        done = subprocess.run(built, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return [str(folder / "predictor")]
    install(language, folder)
    return [sys.executable, "-I", "-S", "-W", "error", "-c", START, FILES[language]]


def run(source: str, language: str, table: Table, folder: Path, columns: list[str]) -> Answers:
    """The answers for the rows of a table; `columns` are those of the model, in its order."""
    started = command(source, language, folder)
    if language == "c":
        by_name = [table.column(name).texts() for name in columns]
        rows = [cell.strip() for row in zip(*by_name, strict=True) for cell in row]
        done = subprocess.run([*started, *rows], capture_output=True, check=False, cwd=folder)
        assert (done.returncode, done.stderr) == (0, b"")
        listed = [line.split("\t") for line in done.stdout.decode().split("\n")[:-1]]
        return {str(i): list(cells) for i, cells in enumerate(zip(*listed, strict=True))}
    (folder / "new.csv").write_text(as_csv(table, {}, False), encoding="utf-8", newline="")
    done = subprocess.run([*started, "new.csv"], capture_output=True, check=False, cwd=folder, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    header, *rows_of = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
    return {name: list(cells) for name, cells in zip(header, zip(*rows_of, strict=True), strict=True)}
