"""CSV files, read strictly: what is not plainly right is refused with row and column, never guessed at.

Accepted: a header; commas, semicolons or tabs, decimal points or commas, UTF-8 or an encoding that is named, gzip (by
the rules of `dialect`); quotation marks around cells that hold separators, line ends or doubled quotation marks; line
ends of any system; blank lines at the end. Blanks around a column's name are dropped, cells are kept as they are, but
for decimal commas, which become points.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from .column import Column, all_numbers
from .csv_lines import BLOCK_BYTES, Lines
from .dialect import Dialect, decimal_of, with_points, without_marks
from .errors import DataError
from .opening import open_regular
from .quoting import quoted, shown_path
from .table import Table

MOST_BYTES = 256 * 2**20
"""Larger files are refused: in memory a table takes up to ten times its size on disk."""
MOST_CELLS = 2**25
"""More of them are refused: two bytes on disk, a digit and a comma, are fifty in memory."""
_MOST_POOLED = 65536
_LOOKED_AT = 64  # cells of a block: whether they repeat

_GZIP = b"\x1f\x8b"


def read_csv(
    path: str | os.PathLike[str] | BinaryIO,
    most_bytes: int = MOST_BYTES,
    dialect: Dialect = Dialect(),  # noqa: B008  frozen
) -> Table:
    """The table in a CSV file, or in what is read from a stream. Rows are numbered as lines of the file, from 1, the
    header being the first.

    Raises
        DataError: not a readable regular file; larger than `most_bytes`; another encoding; NUL bytes; no header, no
        rows; a name that is blank or occurs twice; a row with more or fewer cells than the header; broken quotation;
        both decimal commas and decimal points where commas are asked for.
    """
    (table,) = csv_parts(path, most_bytes, most_bytes, dialect, MOST_CELLS)
    return table


def csv_parts(
    path: str | os.PathLike[str] | BinaryIO,
    part_bytes: int,
    most_bytes: int,
    dialect: Dialect,
    most_cells: int | None = None,
    said: Callable[[float], None] = lambda share: None,
) -> Iterator[Table]:
    """The same in tables of about so many bytes of the file. How decimals look is decided by the first of them. `said`
    hears which share of a file was read, before each."""
    source, opened = opened_source(path, most_bytes)
    found: Dialect | None = None
    with opened as file:
        size = 0 if file is path else os.fstat(file.fileno()).st_size
        plain, packed = unpacked(file)
        lines = Lines(plain, source, most_bytes, dialect.encoding)
        records = _records(lines, source, dialect)
        _, header = next(records, (1, []))
        if not header:
            raise DataError(f"{source}, row 1: a header is expected, the names of the columns separated by commas")
        names = _checked_names(header, source)
        while True:
            numbers, columns = _taken(records, lines, names, source, part_bytes, most_cells)
            if not numbers:
                break
            if found is None:
                decimal = dialect.decimal or decimal_of((column.cells for column in columns), lines.separator)
                found = Dialect(lines.separator, decimal, dialect.encoding, dialect.missing, packed)
            made = tuple(
                column.made(name, _spelled(column.cells, found, source, name, numbers))
                for name, column in zip(names, columns, strict=True)
            )
            del columns
            if size:
                said(file.tell() / size)
            yield Table(made, np.array(numbers, dtype=np.int64), source, found)
    if found is None:
        raise DataError(f"{source} has a header but no rows below it")


class _Taken:
    """The cells of a column as they are taken, block by block; and as long as they are numbers, those: where the text
    has just been read they are made several times faster than when all of it has."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.numbers: list[NDArray[np.float64]] | None = []

    def add(self, cells: Sequence[str], shared: Callable[[str, str], str] | None) -> None:
        values = None if self.numbers is None else all_numbers(cells)
        if values is None:
            self.numbers = None
        elif self.numbers is not None:
            self.numbers.append(values)
        # Where cells differ, to look each up costs more time than all else, and saves no memory.
        repeated = shared is not None and len(set(cells[:_LOOKED_AT])) <= _LOOKED_AT // 2
        self.cells += map(shared, cells, cells) if shared and repeated else cells

    def made(self, name: str, cells: list[str]) -> Column:
        """The column; `cells` as they are spelled."""
        column = Column(name, cells)
        return column.known(np.concatenate(self.numbers)) if self.numbers and cells is self.cells else column


def _taken(
    records: Iterator[tuple[int, list[str]]],
    lines: Lines,
    names: list[str],
    source: str,
    part_bytes: int,
    most_cells: int | None,
) -> tuple[list[int], list[_Taken]]:
    """The next rows, of about so many bytes: their numbers, and the cells of each column."""
    columns = [_Taken() for _ in names]
    numbers: list[int] = []
    pool: dict[str, str] = {}  # where all is to stay in memory, equal short cells are stored once
    last = lines.bytes + part_bytes
    most_rows = sys.maxsize if most_cells is None else most_cells // len(names)
    while lines.bytes < last:
        begin, rows = lines.number + 1, lines.plain_rows(len(names), last - lines.bytes)
        if rows:
            numbers += range(begin, begin + len(rows))
        elif not (rows := _row_by_row(records, lines, names, source, numbers, last)):
            break
        shared = pool.setdefault if len(pool) <= _MOST_POOLED else pool.get  # the same call, but adds no more
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            column.add(cells, None if most_cells is None else shared)
        if len(numbers) > most_rows:
            raise DataError(
                f"{source} has more than {most_cells:,} cells, the most that are read into memory; "
                "chainrule train --stream reads it a part at a time"
            )
    return numbers, columns


def _row_by_row(
    records: Iterator[tuple[int, list[str]]], lines: Lines, names: list[str], source: str, numbers: list[int], last: int
) -> list[list[str]]:
    """The rows of about a block that is not plain, or none at the end; their numbers go where the others are."""
    rows: list[list[str]] = []
    last = min(last, lines.bytes + BLOCK_BYTES)
    for number, record in records:
        if len(record) != len(names):
            raise DataError(_ragged(source, number, record, names, lines.separator))
        rows.append(record)
        numbers.append(number)
        if lines.bytes >= last:
            break
    return rows


def _spelled(cells: list[str], dialect: Dialect, source: str, name: str, numbers: list[int]) -> list[str]:
    """The cells of a column with decimal points, and with nothing where something stands for nothing."""
    if dialect.missing:
        cells = without_marks(cells, dialect.missing)
    if dialect.decimal == ",":
        cells, odd = with_points(cells)
        if odd >= 0:
            raise DataError(
                f"{source}, row {numbers[odd]}, column {quoted(name)}: {quoted(cells[odd])} has a point, but numbers "
                "are to have decimal commas; remove points between thousands, or leave out --decimal"
            )
    return cells


def opened_source(
    path: str | os.PathLike[str] | BinaryIO, most_bytes: int
) -> tuple[str, AbstractContextManager[BinaryIO]]:
    """How messages call it, and the open file; a stream stays open afterwards, and has a name of its own or none."""
    if isinstance(path, (str, os.PathLike)):
        source = shown_path(path)
        return source, open_regular(path, most_bytes, source)
    name = getattr(path, "name", None)
    if not isinstance(name, str) or name.startswith("<"):  # Python calls its own <stdin>
        name = "standard input"
    return shown_path(name), nullcontext(path)


def unpacked(file: BinaryIO) -> tuple[BinaryIO, bool]:
    """The file, or what it packs where it begins as gzip does; and whether it does."""
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    try:
        start = buffered.peek(2)[:2]
    except (OSError, ValueError):  # told when it is read
        return buffered, False
    return (cast(BinaryIO, gzip.GzipFile(fileobj=buffered)), True) if start == _GZIP else (buffered, False)


def _records(lines: Lines, source: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with the number of the line at which it begins. Blank lines are allowed at the end only."""
    rest = iter(lines)
    first = next(rest, "")
    lines.separator = dialect.separator_of(first)
    reader = csv.reader(chain([first] if first else [], rest), delimiter=lines.separator, strict=True)
    blank, begin = 0, 0
    while True:
        begin = lines.number + 1 if begin else 1
        lines.record_bytes = 0
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise DataError(_broken(source, begin, str(error))) from None
        if record is None:
            return
        if not record:
            blank = blank or begin
        elif blank:
            raise DataError(f"{source}, row {blank}: a blank line; remove it")
        else:
            yield begin, record


def _checked_names(header: list[str], source: str) -> list[str]:
    names = [name.strip() for name in header]
    first: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if not name:
            hint = " (an index written by pandas or R? save without it)" if position == 1 and len(names) > 1 else ""
            raise DataError(f"{source}, row 1: column {position} has no name{hint}; give it one")
        if name in first:
            raise DataError(
                f"{source}, row 1: columns {first[name]} and {position} are both called {quoted(name)}; "
                "rename one of them"
            )
        first[name] = position
    return names


def _ragged(source: str, number: int, record: list[str], names: list[str], separator: str) -> str:
    cells = f"{len(record)} cell{'s' * (len(record) != 1)}"
    where = f"{source}, row {number}: {cells}, but the header has {len(names)}"
    if len(record) < len(names):
        return f"{where}; column {quoted(names[len(record)])} is the first without a cell"
    extra = quoted(record[len(names)])
    called = {",": "a comma", ";": "a semicolon", "\t": "a tab"}.get(separator, "a separator")
    return f"{where}; the first cell too many is {extra} ({called} inside a cell needs quotation marks)"


def _broken(source: str, number: int, reason: str) -> str:
    told = {
        "end of data": "a quotation mark is opened and never closed",
        "field limit": f"a cell of more than {csv.field_size_limit():,} characters; is a quotation mark left open?",
        "expected after": "text behind a closing quotation mark (inside a quoted cell, write it twice)",
    }
    return f"{source}, row {number}: {next((told[part] for part in told if part in reason), reason)}"
