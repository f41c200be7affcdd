"""What the tests of the command line share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chainrule.cli import app


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_LANG", "en")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def cli() -> Callable[..., Any]:
    """cli("train", path, ...): the result of a command, with exit_code, stdout, stderr."""

    def run(*arguments: object) -> Any:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)

    return run


@pytest.fixture
def iris() -> Path:
    return Path(__file__).parents[2] / "examples" / "iris.csv"


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    """table("a,b\\n1,2\\n"): a file that holds this text."""

    def write(text: str, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
