"""How a text file spells a table: what separates cells, how decimals look, the encoding, what stands for nothing.

What is not said is found by these rules:

    separator   of comma, semicolon and tab the one that occurs most often in the header, outside quotation marks
    decimals    points; commas where the separator is none, cells like 1,5 occur (and not only ones that could be
                thousands, 1,000), and none like 1.5 does
    encoding    UTF-8, with or without byte-order mark; never guessed
    missing     an empty cell; nothing else, unless it is said
    gzip        by the first two bytes
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import DataError
from .quoting import quoted

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "pipe": "|"}
ENCODINGS = {
    "utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "cp1252", "iso-8859-1": "ISO-8859-1", "latin-1": "ISO-8859-1",
    "iso-8859-15": "ISO-8859-15", "cp1250": "cp1250", "cp1251": "cp1251", "cp437": "cp437", "cp850": "cp850",
    "mac-roman": "Mac Roman", "gb18030": "GB 18030", "big5": "Big5", "shift-jis": "Shift JIS", "euc-kr": "EUC-KR",
}  # fmt: skip
MOST_MARKS = 20

_QUOTED_PART = re.compile('"[^"]*"')
_WITH_COMMA = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WITH_POINT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+")


@dataclass(frozen=True)
class Dialect:
    """What is said of a file; None is found by the rules above. Of a table that was read: what was found.

    Raises
        DataError: a separator that is not one character, decimals that are neither "." nor ",", an encoding that is
        not listed.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()
    gzip: bool = False

    def __post_init__(self) -> None:
        if self.separator is not None:
            object.__setattr__(self, "separator", NAMED.get(self.separator.lower(), self.separator))
        if self.separator is not None and (len(self.separator) != 1 or self.separator in '"\r\n\0.+-' or self.alike):
            raise DataError(
                f"the separator {quoted(self.separator)}: one character is expected, such as ; or |, or tab; "
                "and none that numbers are made of"
            )
        if self.decimal not in (None, ".", ","):
            raise DataError(f"decimals with {quoted(self.decimal)}: a point or a comma is expected")
        object.__setattr__(self, "encoding", self.encoding.lower().replace("_", "-"))
        if self.encoding not in ENCODINGS:
            raise DataError(f"unknown encoding {quoted(self.encoding)}; known: {', '.join(ENCODINGS)}")
        object.__setattr__(self, "missing", tuple(mark.strip() for mark in self.missing))
        if len(self.missing) > MOST_MARKS:
            raise DataError(f"{len(self.missing)} marks for missing cells; at most {MOST_MARKS} are accepted")

    @property
    def alike(self) -> bool:
        """Whether the separator is a letter or digit."""
        return self.separator is not None and self.separator.isalnum()

    @property
    def is_plain(self) -> bool:
        """Commas, points, UTF-8, nothing packed: nothing to be told."""
        return (self.separator, self.decimal, self.encoding, self.gzip) == (",", ".", "utf-8", False)

    def separator_of(self, header: str) -> str:
        """What separates the cells of a header line."""
        if self.separator is not None:
            return self.separator
        bare = _QUOTED_PART.sub("", header)
        return max(SEPARATORS, key=bare.count)  # the first of equals: the comma


def decimal_of(columns: Iterable[list[str]], separator: str) -> str:
    """How decimals look in the cells of a table, by the rule above."""
    if separator == ",":
        return "."
    sure = False
    for cells in columns:
        for cell in set(cells):
            bare = cell.strip()
            if _WITH_POINT.fullmatch(bare):
                return "."
            sure = sure or (_WITH_COMMA.fullmatch(bare) is not None and not _THOUSANDS.fullmatch(bare))
    return "," if sure else "."


def with_points(cells: list[str]) -> tuple[list[str], int]:
    """Cells with decimal commas as cells with points; and the first row (0-based) with a point already, or -1."""
    changed: dict[str, str] = {}
    odd = set()
    for cell in set(cells):
        bare = cell.strip()
        if _WITH_COMMA.fullmatch(bare):
            changed[cell] = bare.replace(",", ".")
        elif _WITH_POINT.fullmatch(bare):
            odd.add(cell)
    if odd:
        return cells, next(row for row, cell in enumerate(cells) if cell in odd)
    return ([changed.get(cell, cell) for cell in cells] if changed else cells), -1


def without_marks(cells: list[str], marks: tuple[str, ...]) -> list[str]:
    """Cells in which what stands for nothing is nothing."""
    known = set(marks)
    gone = {cell for cell in set(cells) if cell.strip() in known}
    return ["" if cell in gone else cell for cell in cells] if gone else cells
