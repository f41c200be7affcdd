"""What the tests of practice share: English, and a state directory of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chainrule.cli import app


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHAINRULE_LANG", "en")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and the working directory."""
    made = tmp_path / "work"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def cli() -> Callable[..., Any]:
    """cli("check", path, ...): the result of `chainrule practice check path ...`; on a busy machine in five minutes."""

    def run(*arguments: object) -> Any:
        if arguments[:1] in [("check",), ("grade",), ("watch",)] and "--seconds" not in arguments:
            arguments = (*arguments, "--seconds", 300)
        return CliRunner().invoke(app, ["practice", *map(str, arguments)], catch_exceptions=False)

    return run
