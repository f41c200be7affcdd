"""What is told on the screen, in a notebook and in a report alike, as plain blocks: text, lines, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from ..messages.columns import width_of


@dataclass(frozen=True)
class Heading:
    """A line above what follows."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Lines:
    """Lines that stay as they are: formulas, a drawing of characters."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Columns, the first `left` of them flush left."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


Block: TypeAlias = Heading | Paragraph | Lines | Table


def as_text(blocks: Iterable[Block]) -> str:
    """For a terminal without a Screen: `print(descent)`."""
    return "\n\n".join("\n".join(lines_of(block)) for block in blocks) + "\n"


def lines_of(block: Block) -> list[str]:
    if isinstance(block, Heading | Paragraph):
        return [block.text]
    if isinstance(block, Lines):
        return list(block.lines)
    widths = [max(width_of(row[i]) for row in (block.header, *block.rows)) for i in range(len(block.header))]
    found = []
    for row in (block.header, *block.rows):
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * (width - width_of(cell))
            cells.append(cell + blank if i < block.left else blank + cell)
        found.append(("  " + "  ".join(cells)).rstrip())
    return found


def as_html(blocks: Iterable[Block]) -> str:
    """For a notebook or a page; everything is escaped."""
    return "".join(map(html_of, blocks))


def html_of(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h4>{escape(block.text)}</h4>"
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Lines):
        return f"<pre>{escape(chr(10).join(block.lines))}</pre>"

    def row(cells: Sequence[str], tag: str) -> str:
        side = ["left" if i < block.left else "right" for i in range(len(cells))]
        return "".join(f'<{tag} style="text-align:{s}">{escape(c)}</{tag}>' for c, s in zip(cells, side, strict=True))

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in block.rows)
    return f"<table><tr>{row(block.header, 'th')}</tr>{body}</table>"
