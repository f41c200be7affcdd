"""The built page, and what it begins with: the same for the server and for a page without one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..messages import LANGUAGES, catalogue
from . import answers
from .path import path_data

PAGE = Path(__file__).parent / "page"
TOPICS = ("lab", "path", "note", "phase", "diagnose")
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml",
         ".woff2": "font/woff2"}  # fmt: skip


class PageMissingError(OSError):
    """The page has not been built."""

    def __init__(self) -> None:
        super().__init__(
            "the lab's page has not been built. In a checkout: python hatch_build.py (or make lab); "
            "an installed chainrule brings it along"
        )


def start_of(start: Mapping[str, Any]) -> dict[str, Any]:
    """What a page begins with."""
    return {**start, "choices": answers.choices(), "chapters": path_data(), "languages": list(LANGUAGES)}


def messages_of(language: str) -> dict[str, str]:
    """The texts of the page in a language."""
    return {key: text for key, text in catalogue(language).items() if key.partition(".")[0] in TOPICS}


def page_files(folder: Path = PAGE) -> dict[str, tuple[str, bytes]]:
    """Path -> (type, content) of every file of the built page: what is not in this table does not exist."""
    found = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and file.suffix in TYPES and not name.startswith("carried/"):
            found["/" + ("" if name == "index.html" else name)] = (TYPES[file.suffix], file.read_bytes())
    if "/" not in found:
        raise PageMissingError
    return found


__all__ = ["PAGE", "PageMissingError", "messages_of", "page_files", "start_of"]
