"""A landscape told as tables, for the screen: the slice through the loss in a few numbers, and the way across it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..engines.engine import Array
from ..messages import say
from .blocks import Block, Paragraph, Table

if TYPE_CHECKING:
    from .landscape import Landscape

ACROSS, ALONG, LOOKS = 7, 13, 8  # columns and rows of a plane, places of a line, rows of the way
START, END = "o", "*"


def blocks(found: Landscape, language: str = "en") -> Iterator[Block]:
    """What there is to see: the slice, its lowest place, and the real way beside it."""

    def words(key: str, **values: object) -> str:
        return say(f"landscape.{key}", language, **values)

    others = found.weights - len(found.names)
    if found.names:
        first, second = found.names
        yield Paragraph(words("plane", first=first, second=second, count=others, start=START, end=END))
        yield plane(found)
    else:
        yield Paragraph(words("line"))
        chosen = spread(len(found.loss), ALONG)
        rows = [(short(found.axes[0][i]), short(found.loss[i])) for i in chosen]
        yield Table((words("along"), words("loss")), rows, left=0)
    lowest = np.unravel_index(int(np.nanargmin(found.loss)), found.loss.shape)
    place = [short(axis[i]) for axis, i in zip(found.axes, lowest[::-1], strict=True)]
    named = [f"{name} = {at}" for name, at in zip(found.names, place, strict=False)]
    where = ", ".join(named) or place[0]
    yield Paragraph(words("lowest", loss=short(found.loss[lowest]), where=where))
    header = (words("epoch"), *(found.names or (words("along"),)), words("loss"))
    looks = spread(len(found.path), LOOKS)
    yield Paragraph(words("way"))
    yield Table(
        header,
        [(str(found.epochs[i]), *map(short, found.path[i]), short(found.path_loss[i])) for i in looks],
        left=0,
    )
    yield Paragraph(words("slice", count=found.weights))


def plane(found: Landscape) -> Table:
    """The loss over two weights, the second downwards from its largest value; start and end marked where they are."""
    across, down = found.axes
    columns, rows = spread(len(across), ACROSS), spread(len(down), ACROSS)[::-1]
    marks = {nearest(found, columns, rows, point): mark for point, mark in ((0, START), (-1, END))}
    lines = []
    for i in rows:
        cells = [short(found.loss[i, j]) + marks.get((i, j), " ") for j in columns]
        lines.append((short(down[i]) + " ", *cells))
    return Table((f"{found.names[1]} \\ {found.names[0]}", *(short(across[j]) + " " for j in columns)), lines, left=0)


def nearest(found: Landscape, columns: list[int], rows: list[int], point: int) -> tuple[int, int]:
    """The row and column of the table that lie nearest to a point of the way."""
    first, second = found.path[point]
    column = min(columns, key=lambda j: abs(float(found.axes[0][j] - first)))
    return min(rows, key=lambda i: abs(float(found.axes[1][i] - second))), column


def spread(count: int, most: int) -> list[int]:
    """At most so many places, the first and the last among them, evenly spread."""
    return [int(i) for i in np.unique(np.linspace(0, count - 1, min(count, most)).round())]


def short(value: float | Array) -> str:
    return f"{float(value):.3g}"


__all__ = ["blocks"]
