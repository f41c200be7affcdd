"""Who may be called what. Nothing from a user's file ever becomes a name, and no text of theirs becomes code."""

from __future__ import annotations

import html
import keyword
import re
import textwrap
from collections.abc import Mapping

from ..messages import say
from ..program.steps import Program, ProgramError, Step

RESERVED = frozenset(keyword.kwlist) | {
    "np", "jnp", "jax", "math", "sys", "random", "len", "range", "print", "float", "zip", "step", "predict", "evaluate",
    "trace", "parameters", "state", "update", "w", "dw", "order", "rows", "start", "stop", "epoch", "total", "table",
    "output", "target", "error", "labels", "FEATURES", "MEAN", "STD", "CLASSES",
}  # fmt: skip
CLOSING = re.compile(  # what ends a string, a comment or a cell of text, or means something to a template engine
    r"\"|\\|`|\*/|/\*|<!--|-->|\]\]>|\?\?[=/'()!<>-]|\$\{|#\{|%>|<%|\{\{|\}\}|\{%|%\}|\{#|#\}"
)


def check_names(program: Program) -> None:
    """ProgramError where a name of the program is no identifier or is taken in the language."""
    for name in program.environment:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in RESERVED:
            raise ProgramError(f"'{name[:40]}' cannot be a name in a program")


def as_comment(text: str) -> str:
    """A text that may stand in a comment or a docstring of any language: one line, no quotes, no comment ends."""
    text = "".join(c if c.isprintable() else " " for c in text)
    while CLOSING.search(text):  # what is left may close up to another one
        text = CLOSING.sub(" ", text)
    return text[:200].strip()


def as_markdown(text: str) -> str:
    """A text that may stand in a cell of a notebook and means nothing there but itself."""
    return re.sub(r"([*_\[\]#|~$])", r"\\\1", html.escape(as_comment(text), quote=False))


def founding_names(program: Program) -> dict[str, str]:
    """Our names -> those of the founding texts: syn0 = W1, l1 = a1, l1_error = -error1, l1_delta = -delta1."""
    found, sigmoids = {"X": "l0"}, set[int]()
    for statement in program.steps:
        number = statement.number
        if isinstance(statement, Step):
            if statement.note in ("activation", "output", "probability") and "_" not in statement.name:
                found[statement.name] = f"l{number}"
                sigmoids |= {number} if str(statement.expression).startswith("sigmoid(") else set()
            if statement.note == "slope" and number in sigmoids:
                found[statement.name] = f"nonlin(l{number}, True)"
            if statement.name in (f"error{number}", f"delta{number}"):
                found[statement.name] = f"-l{number}_{statement.name.rstrip('0123456789')}"
        elif statement.name == f"W{number}":
            found[statement.name] = f"syn{number - 1}"
    return found


def founding_legend(found: Mapping[str, str], language: str) -> list[str]:
    """Which of our names is which of the founding texts, and why the signs differ."""
    kind_of = {"X": "input", "W": "weights", "e": "error", "s": "slope", "d": "delta"}
    kinds: dict[str, list[str]] = {kind: [] for kind in ("input", "weights", "activation", "error", "slope", "delta")}
    for ours, theirs in found.items():
        kind = kind_of.get(ours[0], "activation")
        kinds[kind].append(theirs.lstrip("-"))
    by_theirs = {theirs.lstrip("-"): ours for ours, theirs in found.items()}
    lines = [say("founding.caption", language)]
    for kind, theirs_of_kind in kinds.items():
        if theirs_of_kind:
            ordered = sorted(theirs_of_kind)
            between = ", -" if kind in ("error", "delta") else ", "
            ours = between.join(by_theirs[theirs] for theirs in ordered)
            lines.append("    " + say(f"founding.{kind}", language, theirs=", ".join(ordered), ours=ours))
    if kinds["delta"]:
        sign = say("founding.sign", language)
        lines += re.findall("[^。]+。", sign) if "。" in sign else wrapped_text(sign)
    return lines


def wrapped_text(text: str) -> list[str]:
    """A text in lines, no formula broken."""
    bound = re.sub(r" ([-+*=]) ", "\u00a0\\1\u00a0", text)
    return [line.replace("\u00a0", " ") for line in textwrap.wrap(bound, 96, break_on_hyphens=False)]
