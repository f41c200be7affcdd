"""Text from files made safe to print: no control characters, no endless values.

`str.isprintable` is the judge. It refuses control characters, line ends, escape sequences, lone surrogates, and the
invisible Unicode formatting characters with which text can be made to read other than it is.
"""

from __future__ import annotations

import os

MOST_SHOWN = 40
MOST_PATH_SHOWN = 200


def quoted(text: str, most: int = MOST_SHOWN) -> str:
    """`text` in quotation marks, escaped as `repr` does it, cut after `most` characters."""
    return repr(text) if len(text) <= most else repr(text[:most]) + "..."


def printable(text: str, most: int = MOST_SHOWN) -> str:
    """`text` as it is where that is safe and short, otherwise escaped and cut: for tables and legends."""
    if not text.isprintable():
        text = repr(text[: most + 1])[1:-1]
    return text if len(text) <= most else text[: most - 3] + "..."


def shown_path(path: str | os.PathLike[str]) -> str:
    """The name of a file, for messages."""
    text = os.fsdecode(path)
    return text if text and text.isprintable() and len(text) <= MOST_PATH_SHOWN else quoted(text, MOST_PATH_SHOWN)


def listed(texts: list[str] | tuple[str, ...], most: int = 8) -> str:
    """The first few of `texts`, quoted: `'a', 'b', 'c', ... (12 in all)`."""
    shown = ", ".join(quoted(text) for text in texts[:most])
    return shown if len(texts) <= most else f"{shown}, ... ({len(texts)} in all)"
