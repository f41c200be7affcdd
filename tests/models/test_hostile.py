"""Models whose texts are hostile: whatever they hold, no command prints a control character or runs anything."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from chainrule.cli import app
from chainrule.files.tensors import check_header, to_bytes
from tests.models.tables import made

ESCAPES = ["\x1b[2J", "\x9b2J", "a\nb", "\u202eabc"]

Change = Callable[[dict[str, Any]], None]


def provenance(record: dict[str, Any]) -> None:
    record["provenance"] = {"\x1b]0;evil\x07": ESCAPES[0] * 1000, "n": 10**29, "more": {text: text for text in ESCAPES}}


def names(record: dict[str, Any]) -> None:
    record["preparation"]["features"][0]["name"] = ESCAPES[0]
    record["preparation"]["target"] |= {"name": ESCAPES[1], "classes": sorted(ESCAPES[1:])}


def nul(record: dict[str, Any]) -> None:
    record["preparation"]["features"][0]["name"] = "a\0b"


def endless(record: dict[str, Any]) -> None:
    record["preparation"]["features"][0]["name"] = "n" * 1_000_000


@pytest.mark.parametrize("change", [provenance, names, nul, endless])
def test_texts_of_a_model_reach_no_terminal_as_they_are(change: Change, tmp_path):
    model = made("class")
    record: dict[str, Any] = json.loads(json.dumps(check_header(model.to_bytes(), "m")[1]))
    change(record)
    path, table = tmp_path / "m.safetensors", tmp_path / "t.csv"
    path.write_bytes(to_bytes("chainrule model 1", record, {**model.parameters, **model.statistics}))
    table.write_text("a,b\n1,2\n")
    for arguments in (
        ["check", path],
        ["predict", path, table],
        ["source", "--weights", path],
        ["source", "--weights", path, "--language", "c"],
        ["source", "--weights", path, "--language", "javascript"],
        ["export", path, "-o", tmp_path / "o.onnx"],
    ):
        result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
        assert result.exit_code in (0, 2)
        shown = result.stdout + result.stderr
        assert all(character.isprintable() or character == "\n" for character in shown), arguments
        assert result.stderr.count("\n") <= 12
        assert "predict" not in arguments or "lacks the columns" in result.stderr
