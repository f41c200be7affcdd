"""How lines of C and JavaScript are laid out: long statements, heads of functions, comments above kernels, brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .elements import INDENT

WIDTH = 116


def with_arguments(head: str, arguments: Sequence[str], end: str = "", width: int = WIDTH) -> str:
    """`static void forward(int N, const real *x)`: where one line is too short, arguments go on below the first."""
    lines, current = [], head
    for i, argument in enumerate(arguments):
        piece = argument + (f"){end}" if i == len(arguments) - 1 else ", ")
        if len(current) + len(piece.rstrip()) > width:
            lines.append(current.rstrip())
            current = " " * len(head)
        current += piece
    return "\n".join([*lines, current])


def wrapped(line: str) -> list[str]:
    """A long line in several, broken before an operator or after a comma, as far outside of brackets as may be."""
    if len(line) <= WIDTH or "/*" in line or "//" in line:
        return [line]
    indent = line[: len(line) - len(line.lstrip())] + INDENT
    lines = []
    while len(line) > WIDTH:
        found = re.finditer(r" (?=[-+*/?:] )|(?<=,) ", line[: WIDTH + 1])
        breaks = [match.start() for match in found if match.start() > WIDTH // 3]
        if not breaks:
            break
        best = min(breaks, key=lambda at: (depth(line[:at]), line[at - 1] != ",", line[at + 1] in "*/", -at))
        lines.append(line[:best])
        line = indent + line[best + 1 :]
    return [*lines, line]


def braced(head: str, body: Sequence[str]) -> list[str]:
    """A loop or a condition; brackets where there is more than one line inside."""
    lines = [INDENT + line for line in body]
    return [head, *lines] if len(lines) == 1 else [f"{head} {{", *lines, "}"]


def above(formula: str) -> list[str]:
    """The comment above a kernel, `z = x @ W; a = relu(z)     x (N, K), W (K, M), a (N, M)`, in parts if it is long."""
    if len(formula) <= WIDTH - 6:
        return [formula] if formula else []
    formulas, _, shapes = formula.partition("     ")
    return [*formulas.split("; "), *([shapes] if shapes else [])]


def depth(text: str) -> int:
    """How many brackets are open at the end of a text."""
    return sum((character in "([") - (character in ")]") for character in text)
