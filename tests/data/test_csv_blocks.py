"""Blocks of plain lines are read in one go: nobody may notice but by the clock."""

import io
import random

import pytest

from chainrule.data import DataError, Dialect, csv_file, csv_lines
from chainrule.data.csv_file import csv_parts

PLAIN = ("1", "2.5", "", " ", "ä")
ODD = (*PLAIN, '"x"', '"a,b"', '"a\nb"', '"a""b"', '"q\rq"', 'x"y', '"u', '"v"w', "\0", "\x85", "\u2028", "\x1c")
ENDS = ("\n",) * 20 + ("\r\n",) * 3 + ("\r", "\n\n", "\r\r\n", ",\n")


def content(random: random.Random) -> bytes:
    """A table of up to 60 rows, with something odd in some of them, in most, or nowhere."""
    columns, odd, end = random.choice([1, 2, 3]), random.choice([0, 0, 0.01, 0.05]), random.choice(["\n", "\r\n", "\r"])
    text = ",".join("abc"[:columns]) + end
    for _ in range(random.randint(0, 60)):
        width = columns + (random.choice([-1, 1]) if random.random() < odd / 3 else 0)
        text += ",".join(random.choice(ODD if random.random() < odd else PLAIN) for _ in range(width))
        text += random.choice(ENDS) if random.random() < odd / 2 else end
    return text.encode() + random.choice([b""] * 30 + [b"\xe4\n", b"\n\n", b"\r\n", b" ", b"1"])


def read(given: bytes, part_bytes: int) -> object:
    """Line numbers and cells, or the message."""
    try:
        parts = list(csv_parts(io.BytesIO(given), part_bytes, 10**6, Dialect()))
    except DataError as error:
        return str(error)
    lines = [line for part in parts for line in part.lines.tolist()]
    return lines, [[cell for part in parts for cell in part.column(name).cells] for name in parts[0].names]


def test_blocks_give_what_single_rows_give(monkeypatch):
    drawn, accepted = random.Random(0), 0
    row_by_row: list[list[str]] = []
    plain = csv_lines.Lines.plain_rows
    for _ in range(1500):
        given, part_bytes, block = content(drawn), drawn.choice([10, 50, 10**6]), drawn.choice([5, 20, 100, 2**18])
        for room in (csv_file, csv_lines):
            monkeypatch.setattr(room, "BLOCK_BYTES", block)
        found = read(given, part_bytes)
        monkeypatch.setattr(csv_lines.Lines, "plain_rows", lambda *of: row_by_row)
        assert found == read(given, part_bytes), given
        monkeypatch.setattr(csv_lines.Lines, "plain_rows", plain)
        accepted += not isinstance(found, str)
    assert 500 < accepted < 1300


@pytest.mark.parametrize(("end", "by_row"), [("\n", False), ("\r\n", False), ("\r", True), ('\n"2\n",3\n', True)])
def test_plain_lines_are_taken_in_blocks(end, by_row, monkeypatch):
    slow, found = csv_file._row_by_row, list[int]()

    def counted(*given):
        rows = slow(*given)
        found.append(len(rows))
        return rows

    monkeypatch.setattr(csv_file, "_row_by_row", counted)
    assert read(f"a,b{end[:1] if by_row else end}".encode() + f"1,2{end}".encode() * 100, 10**6)
    assert any(found) == by_row
