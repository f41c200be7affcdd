"""A picture of what a command found, written into a file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ..observe.comparison import Comparison
    from ..observe.descent import Descent, Differences
    from ..observe.landscape import Landscape
    from .screen import Screen

Curves: TypeAlias = Mapping[str, Any]  # name -> its losses
Found: TypeAlias = "Descent | Differences | Comparison | Landscape | Curves"
SMALLEST = 1e-6  # loss that is still worth the room
KINDS = (".svg", ".png", ".pdf")


def check_picture(path: Path) -> None:
    """ValueError: no name that a picture can have, or a place where none can be written."""
    from ..files import check_target

    if path.suffix.lower() not in KINDS:
        raise ValueError(f"--plot {path}: the name must end in {', '.join(KINDS)}")
    check_target(path, "--plot")


def save_picture(screen: Screen, found: Found, path: Path, dark: bool) -> None:
    from ..data import printable
    from ..files import write_file

    content = io.BytesIO()
    drawn(found, dark, screen.language).savefig(
        content, format=path.suffix[1:].lower(), dpi=160, metadata=undated(path)
    )
    write_file(path, content.getvalue(), path.with_name(path.name + ".new"))
    screen.line()
    screen.say("descend.written", path=printable(str(path)))


def drawn(found: Found, dark: bool, language: str) -> Any:
    """The figure of what was found."""
    from .. import plot
    from ..observe.comparison import Comparison
    from ..observe.descent import Descent
    from ..observe.landscape import Landscape
    from ..plot.style import logarithmic

    if isinstance(found, Landscape):
        return plot.landscape(found, dark=dark, language=language).figure
    if isinstance(found, Comparison):
        return plot.comparison(found, dark=dark, language=language)[0].figure
    if isinstance(found, Descent):
        return plot.descent(found, dark=dark, language=language).figure
    if isinstance(found, Mapping):
        axes = plot.compare(found, dark=dark, language=language)
        logarithmic(axes, "x")
        for i, line in enumerate(axes.lines):
            line.set_markevery((0.02 * i, 0.12))  # as far from each other as one sees it
        axes.set_ylim(bottom=max(axes.get_ylim()[0], SMALLEST))
        return axes.figure
    return plot.differences(found, dark=dark, language=language).figure


def undated(path: Path) -> dict[str, None] | None:
    """The same picture is the same file, whenever it is drawn."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())
