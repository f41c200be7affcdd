"""The lines of a CSV file as text, checked: one by one, or where nothing is unusual, a block of them at once."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

from .dialect import ENCODINGS
from .errors import DataError
from .opening import reason, too_large

MOST_RECORD = 16 * 2**20
"""Bytes of one row, header included."""
BLOCK_BYTES = 2**18
"""That are looked at in one go."""

_OTHER_KINDS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "gzip inside gzip"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF document"),
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Lines:
    """The lines of a file as text, checked one by one; counts them, their bytes, and those since `record_bytes` was
    reset."""

    def __init__(self, file: BinaryIO, source: str, most_bytes: int, encoding: str) -> None:
        self._file, self._source, self._most_bytes = file, source, most_bytes
        self._encoding = encoding
        self._again = io.BytesIO()  # a block that was not plain
        self._one_by_one = False  # lines that end with CR alone: what is read up to LF may hold several
        self.number = 0
        self.record_bytes = 0
        self.bytes = 0
        self.separator = ","
        if encoding == "utf-16":
            self._encoding, self._file = "utf-8", self._recoded()

    def __iter__(self) -> Iterator[str]:
        while block := self._readline():
            self.bytes += len(block)
            if self.bytes > self._most_bytes:
                raise DataError(too_large(self._source, self._most_bytes))
            if self.bytes == len(block):
                self._check_kind(block)
                if self._encoding == "utf-8":
                    block = block.removeprefix(_BYTE_ORDER_MARK)
            lines = block.splitlines(keepends=True)  # of bytes: at \n, \r\n, and \r, nothing else
            self._one_by_one = self._one_by_one or len(lines) > 1
            for line in lines:
                self.number += 1
                self.record_bytes += len(line)
                if self.record_bytes > MOST_RECORD:
                    raise DataError(
                        f"{self._source}, row {self.number}: a row of more than {MOST_RECORD:,} bytes; "
                        "is a quotation mark left open?"
                    )
                yield self._text(line)

    def plain_rows(self, cells: int, most: int) -> list[list[str]]:
        """The rows of the next block, of about `most` bytes, several times faster than one by one: where each is one
        line of so many cells, and there is nothing to be told of any. Else none, and its lines come one by one."""
        if self._one_by_one:
            return []
        block = self._read(lambda file: file.read(min(most, BLOCK_BYTES))) + self._readline()
        odd = b"\0" in block or block.count(b"\r") != block.count(b"\r\n")
        if block and not odd and len(block) <= MOST_RECORD and self.bytes + len(block) <= self._most_bytes:
            with suppress(UnicodeDecodeError, csv.Error):  # told when the lines come one by one
                lines = block.decode(self._encoding).removesuffix("\n").split("\n")
                rows = list(csv.reader(lines, delimiter=self.separator, strict=True))
                if len(rows) == len(lines) and set(map(len, rows)) == {cells}:
                    self.number += len(rows)
                    self.bytes += len(block)
                    return rows
        self._again = io.BytesIO(block + self._again.read())
        return []

    def _readline(self) -> bytes:
        return self._read(lambda file: file.readline(MOST_RECORD + 1))

    def _read(self, read: Callable[[BinaryIO], bytes]) -> bytes:
        """What is to come again, or else what the file has."""
        try:
            return read(self._again) or read(self._file) or b""
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{self._source} is damaged: what it packs cannot be unpacked ({error})") from None
        except OSError as error:
            raise DataError(f"{self._source} cannot be read: {reason(error)}") from None

    def _recoded(self) -> BinaryIO:
        """A text in UTF-16 as one in UTF-8: its lines end with two bytes, so it is read as a whole."""
        content = bytearray()
        while block := self._readline():
            content += block
            if len(content) > self._most_bytes:
                raise DataError(too_large(self._source, self._most_bytes))
        try:
            return io.BytesIO(content.decode("utf-16").encode())
        except UnicodeError as error:
            raise DataError(f"{self._source}: not UTF-16 ({error})") from None

    def _check_kind(self, start: bytes) -> None:
        if start.startswith(_UTF_16) and self._encoding == "utf-8":
            raise DataError(f"{self._source} is a text in UTF-16; --encoding utf-16 reads it")
        for magic, kind in _OTHER_KINDS:
            if start.startswith(magic):
                raise DataError(f"{self._source} is {kind}; save it as CSV in UTF-8")

    def _text(self, line: bytes) -> str:
        if (position := line.find(b"\0")) >= 0:
            raise DataError(
                f"{self._source}, row {self.number}: NUL at byte {position + 1} of the line; "
                "this is not a text file, or not in UTF-8"
            )
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            hint = ", or name its encoding: --encoding cp1252 is what Windows often writes"
            raise DataError(
                f"{self._source}, row {self.number}: not {ENCODINGS[self._encoding]} (byte 0x{line[error.start]:02x} "
                f"at byte {error.start + 1} of the line); save the file as UTF-8"
                + (hint if self._encoding == "utf-8" else "")
            ) from None
