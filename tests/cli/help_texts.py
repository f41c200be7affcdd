"""The English texts of all help pages, as the commands declare them.

`python -m tests.cli.help_texts` brings the English catalogue up to date and says what the others lack.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

import chainrule.cli
from chainrule.cli.page import EXAMPLES, OWN_WORDS, group_of, paragraphs
from chainrule.messages import LANGUAGES

CATALOGUES = Path(chainrule.cli.__file__).parents[1] / "messages"


def texts() -> set[str]:
    """Every text that some help page says."""
    found = {*OWN_WORDS, *(text for _, text in EXAMPLES)}
    visit(typer.main.get_command(chainrule.cli.app), found)
    return found


def visit(command: Any, found: set[str]) -> None:
    found.update(paragraphs(command.help))
    found.add(getattr(command, "rich_help_panel", None) or "Commands")
    for parameter in command.get_params(typer.Context(command)):
        found |= {parameter.help or "", group_of(parameter)}
        if isinstance(parameter.show_default, str):
            found.add(parameter.show_default)
    for inner in getattr(command, "commands", {}).values():
        visit(inner, found)


if __name__ == "__main__":
    wanted = {f"help.{text}": text for text in sorted(texts())}
    for language in LANGUAGES:
        file = CATALOGUES / language / "help.json"
        old = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        new = wanted if language == "en" else {key: old[key] for key in wanted if key in old}
        file.write_text(json.dumps(dict(sorted(new.items())), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        for key in wanted.keys() - new.keys():
            print(f"{file.parent.name}: {key!r} is not translated")
