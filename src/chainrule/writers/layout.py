"""How lines are laid out: where a long one is broken, and comments in one column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from ..messages.columns import width_of

Line = tuple[str, str]  # code and comment

WIDTH = 100
INDENT = "    "
ROOM = WIDTH - len(INDENT)  # what a line of a function body may take
BESIDE = 112 - len(INDENT)  # what a line may take with a comment beside it
METHODS = r"(\.\w+\([\w=, ]*\))*"  # .sum(axis=0)
BREAKS = (  # where a line may be broken, from loose to tight
    (", ",), (" if ", " else "), (" + ", " - "), (" * ", " / ", " @ "), (" >= ", " <= ", " > ", " < ", " == "),
)  # fmt: skip


def tuple_text(listed: Iterable[str]) -> str:
    """`W1, b1`, or `(W1,)`: a tuple of one shows its brackets."""
    items = list(listed)
    return f"({items[0]},)" if len(items) == 1 else ", ".join(items)


def assigned_tuple(target: str, listed: Sequence[str]) -> list[str]:
    """`parameters = W1, b1`, in brackets where one line does not hold it."""
    return assignment(target, tuple_text(listed), f"{target} = (", listed, ")")


def unpacked(listed: Sequence[str], source: str) -> list[str]:
    """`W1, b1 = parameters`, in brackets where one line does not hold it."""
    return assignment(tuple_text(listed), source, "(", listed, f") = {source}")


def assignment(target: str, value: str, opening: str, listed: Sequence[str], closing: str) -> list[str]:
    line = f"{target} = {value}"
    if len(line) <= ROOM:
        return [line]
    return [opening, *filled(INDENT, listed, ",", INDENT), closing]


def filled(before: str, items: Sequence[str], after: str, indent: str, room: int = ROOM) -> list[str]:
    """`before item, item, ... after` in as few lines as fit; the ones after the first are indented."""
    lines, current, empty = [], before, True
    for i, item in enumerate(items):
        piece = item + (", " if i < len(items) - 1 else after)
        if len(current) + len(piece.rstrip()) > room and not empty:
            lines.append(current.rstrip())
            current, empty = indent, True
        current, empty = current + piece, False
    return [*lines, current if items else before + after]


def wrapped(line: str, room: int = ROOM) -> list[str]:
    """An assignment or a `return` in one line, or where that is too long in several, broken inside brackets."""
    if len(line) <= room:
        return [line]
    match = re.match(r"(return |[^=]*?[^=<>!]= )(?!=)(.*)", line)
    assert match is not None, line
    opening, value = match[1], match[2]
    ending = ")"
    call = re.match(r"[\w.]*\(", value)
    end = closing(value, call.end() - 1) if call else 0
    if call and re.fullmatch(METHODS, value[end + 1 :]):  # brackets around everything are there already
        opening, value, ending = opening + call[0], value[call.end() : end], value[end:]
    else:
        opening += "("
    return [opening, *(INDENT + part for part in parts(value, room - len(INDENT))), ending]


def parts(text: str, room: int) -> list[str]:
    """An expression inside brackets in lines: split where it binds least tightly, the operator leading the line."""
    if len(text) <= room:
        return [text]
    depths = [0]
    for character in text:
        depths.append(depths[-1] + (character in "([") - (character in ")]"))
    for depth in range(max(depths) + 1):
        for operators in BREAKS:
            pieces = split(text, depths, depth, operators)
            if len(pieces) > 1:
                return packed(pieces, room, fill=len(pieces) > 4 or " * " in operators)
    return [text]


def split(text: str, depths: Sequence[int], depth: int, operators: Sequence[str]) -> list[str]:
    """The text cut before every such operator at this depth of brackets (after every comma)."""
    pieces, start = [], 0
    for i in range(1, len(text)):
        found = next((o for o in operators if depths[i] == depth and text.startswith(o, i)), None)
        if found:
            cut = i + 2 if found == ", " else i + 1
            pieces.append(text[start:cut].rstrip())
            start = cut
    return [*pieces, text[start:]]


def packed(pieces: Sequence[str], room: int, fill: bool) -> list[str]:
    """A line for each piece, or with `fill` as many on a line as fit."""
    lines: list[str] = []
    more = False  # whether the last line may take more
    for piece in pieces:
        if fill and more and len(lines[-1]) + 1 + len(piece) <= room:
            lines[-1] += f" {piece}"
        else:
            first, *rest = parts(piece, room)
            lines += [first, *(INDENT + line for line in rest)]
            more = not rest
    return lines


def closing(text: str, opened: int) -> int:
    """Where the bracket opened here is closed."""
    depth = 0
    for i in range(opened, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
    return -1


def with_comments(lines: Sequence[Line]) -> list[str]:
    """Code and comment of every line. Within a paragraph comments stand in one column, or else above their line."""
    found: list[str] = []
    for is_blank, paragraph in groupby(lines, key=lambda line: line == ("", "")):
        listed = list(paragraph)
        column = 0 if is_blank else best_column(listed)
        for code, comment in listed:
            if not comment:
                found.append(code)
            elif fits(code, comment, column):
                found.append(f"{code.ljust(column)}  # {comment}")
            else:
                indent = code[: len(code) - len(code.lstrip())]
                found += [f"{indent}# {part}" for part in words_in_lines(comment, BESIDE - len(indent) - 2)]
                found += [code] * bool(code)
    return found


def best_column(lines: Sequence[Line]) -> int:
    """The column beside which most comments fit."""
    commented = [(code, comment) for code, comment in lines if comment]
    columns = sorted({len(code) for code, _ in commented})
    return max(columns, key=lambda column: sum(fits(*line, column) for line in commented), default=0)


def fits(code: str, comment: str, column: int) -> bool:
    return 0 < len(code) <= column and column + width_of(f"  # {comment}") <= BESIDE


def words_in_lines(text: str, room: int) -> list[str]:
    """A text in lines of that many columns."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and width_of(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
