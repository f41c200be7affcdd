"""Blocks of a story on the screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..observe.blocks import Block
    from .screen import Screen


def show(screen: Screen, blocks: Iterable[Block]) -> None:
    """Print them with an empty line between."""
    from ..observe.blocks import Heading, Lines, Paragraph

    for i, block in enumerate(blocks):
        if i:
            screen.line()
        if isinstance(block, Heading):
            screen.line(block.text, "bold")
        elif isinstance(block, Paragraph):
            screen.paragraph(block.text)
        elif isinstance(block, Lines):
            for line in block.lines:
                screen.line(line)
        else:
            screen.table(block.header, block.rows, block.left)
