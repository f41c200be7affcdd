"""A picture of what a command found, written into a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..observe.descent import Descent, Differences
    from .screen import Screen

KINDS = (".svg", ".png", ".pdf")


def check_picture(path: Path) -> None:
    """ValueError: no name that a picture can have, or a place where none can be written."""
    from ..files import check_target

    if path.suffix.lower() not in KINDS:
        raise ValueError(f"--plot {path}: the name must end in {', '.join(KINDS)}")
    check_target(path, "--plot")


def save_picture(screen: Screen, found: Descent | Differences, path: Path, dark: bool) -> None:
    from .. import plot
    from ..data import printable
    from ..files import write_file
    from ..observe.descent import Descent

    draw = plot.descent if isinstance(found, Descent) else plot.differences
    axes = draw(found, dark=dark, language=screen.language)
    content = io.BytesIO()
    axes.figure.savefig(content, format=path.suffix[1:].lower(), dpi=160, metadata=undated(path))
    write_file(path, content.getvalue(), path.with_name(path.name + ".new"))
    screen.line()
    screen.say("descend.written", path=printable(str(path)))


def undated(path: Path) -> dict[str, None] | None:
    """The same picture is the same file, whenever it is drawn."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())
