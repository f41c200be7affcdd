"""Who may be called what. Nothing from a user's file ever becomes a name, and no text of theirs becomes code."""

from __future__ import annotations

import keyword
import re

from ..program.steps import Program, ProgramError, Step

RESERVED = frozenset(keyword.kwlist) | {"np", "jnp", "jax", "math", "random", "step", "predict", "evaluate", "trace",
                                        "parameters", "state", "update", "order", "rows", "epoch"}  # fmt: skip


def check_names(program: Program) -> None:
    """ProgramError where a name of the program is no identifier or is taken in the language."""
    for name in program.environment:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in RESERVED:
            raise ProgramError(f"'{name[:40]}' cannot be a name in a program")


def as_comment(text: str) -> str:
    """A text that may stand in a comment or a docstring of any language: one line, no quotes, no comment ends."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return re.sub(r'["\\`]|\*/|/\*|<!--|-->|\?\?[=/\'()!<>-]|\$\{|%>|<%|\{\{|\}\}', " ", text)[:200].strip()


def founding_names(program: Program) -> dict[str, str]:
    """Our names -> those of the founding texts: syn0 = W1, l1 = a1, l1_error = y - a1, l1_delta = -delta1."""
    found = {"X": "l0"}
    for statement in program.full.steps:
        number = statement.number
        if isinstance(statement, Step):
            if statement.note in ("activation", "output", "probability") and "_" not in statement.name:
                found[statement.name] = f"l{number}"
            if statement.name in (f"error{number}", f"delta{number}"):
                found[statement.name] = f"-l{number}_{statement.name.rstrip('0123456789')}"
        elif statement.name == f"W{number}":
            found[statement.name] = f"syn{number - 1}"
    return found
