"""Reading CSV: what is read back identical, and what is refused with file, row and column."""

import csv
import gzip
import os
import socket
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.data import DataError, Table, csv_file, csv_lines, read_csv

FUNCTION_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

FLOWERS = "sepal,petal,species\n5.1,1.4,setosa\n7.0,4.7,versicolor\n"


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(folder: Path, content: str | bytes, **options: Any) -> str:
    """The message with which a file of this content is refused, the path taken out; fit to be shown."""
    path = written(folder, content)
    with pytest.raises(DataError) as caught:
        read_csv(path, **options)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.count("\n") < 12
    assert all(line.isprintable() for line in message.split("\n"))
    return message.removeprefix(str(path))


def cells(table: Table) -> list[list[str]]:
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_names_cells_and_line_numbers(tmp_path):
    table = read_csv(written(tmp_path, FLOWERS))
    assert table.names == ("sepal", "petal", "species")
    assert table.column("species").cells == ["setosa", "versicolor"]
    assert cells(table) == [["5.1", "1.4", "setosa"], ["7.0", "4.7", "versicolor"]]
    assert len(table) == 2
    assert table.lines.tolist() == [2, 3]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + FLOWERS.encode(),
        FLOWERS.replace("\n", "\r\n").encode(),
        FLOWERS.replace("\n", "\r").encode(),
        FLOWERS.rstrip("\n").encode(),
        FLOWERS.encode() + b"\n\r\n\n",
        FLOWERS.replace("sepal", " sepal ").encode(),
        FLOWERS.replace("petal", '"petal"').encode(),
    ],
    ids=["byte-order mark", "CRLF", "CR", "no last line end", "blank lines at the end", "blank in header", "quoted"],
)
def test_what_editors_and_spreadsheets_write_is_read_alike(tmp_path, content):
    table = read_csv(written(tmp_path, content))
    assert table.names == ("sepal", "petal", "species")
    assert cells(table) == [["5.1", "1.4", "setosa"], ["7.0", "4.7", "versicolor"]]


def test_rows_are_numbered_as_an_editor_shows_them(tmp_path):
    table = read_csv(written(tmp_path, '"a\nb",c\n"1\r\n2\n3",4\n5,6\n'))
    assert table.names == ("a\nb", "c")
    assert table.lines.tolist() == [3, 6]


def test_byte_order_mark_before_a_quoted_name(tmp_path):
    assert read_csv(written(tmp_path, b'\xef\xbb\xbf"a",b\n1,2\n')).names == ("a", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ", row 1: a header is expected"),
        ("\n\na,b\n1,2\n", ", row 1: a blank line; remove it"),
        ("a,b\n", " has a header but no rows below it"),
        ("a,b\n\n\n", " has a header but no rows below it"),
        ("a,b,c\n1,2,3\n4,5\n", ", row 3: 2 cells, but the header has 3; column 'c' is the first without a cell"),
        ("a,b\n1\n", ", row 2: 1 cell, but the header has 2"),
        ("a,b\n1,2,3\n", ", row 2: 3 cells, but the header has 2; the first cell too many is '3'"),
        ("a,b\n1,2\n\n3,4\n", ", row 3: a blank line; remove it"),
        ("a,b,a\n1,2,3\n", ", row 1: columns 1 and 3 are both called 'a'"),
        ("a, a\n1,2\n", ", row 1: columns 1 and 2 are both called 'a'"),
        ("a,,c\n1,2,3\n", ", row 1: column 2 has no name; give it one"),
        ("a,  \n1,2\n", ", row 1: column 2 has no name"),
        (",a\n0,1\n", ", row 1: column 1 has no name (an index written by pandas or R?"),
        ('a,b\n1,"2\n3,4\n', ", row 2: a quotation mark is opened and never closed"),
        ('a,b\n1,"2"x\n', ", row 2: text behind a closing quotation mark"),
        ("a,b\n1,\x002\n", ", row 2: NUL at byte 3 of the line"),
        (b"a,b\n1,\xe4\n", ", row 2: not UTF-8 (byte 0xe4 at byte 3 of the line)"),
        (b"a,b\r\n1,2\r\n\xc3", ", row 3: not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), " is a text in UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), ", row 1: NUL at byte 2"),
        (b"PK\x03\x04 and so on", " is an Excel workbook"),
        (b"\x1f\x8b and so on", " is damaged: what it packs cannot be unpacked"),
        (b"PAR1 and so on", " is a Parquet file"),
        ("a,b\n1," + "x" * 200_000 + "\n", ", row 2: a cell of more than 131,072 characters"),
        ('a,b\n"' + "x\n" * 100_000 + "\n", ", row 2: a cell of more than 131,072 characters"),
    ],
)
def test_refused_with_row_and_reason(tmp_path, content, message):
    assert refusal(tmp_path, content).startswith(message)


def test_quotation_marks_protect_other_separators(tmp_path):
    assert read_csv(written(tmp_path, '"a;b;c","d\te\tf"\n1,2\n')).names == ("a;b;c", "d\te\tf")


def test_control_characters_from_a_file_are_not_shown(tmp_path):
    message = refusal(tmp_path, "a\x1b[31m,b,a\x1b[31m\n1,2,3\n")
    assert r"'a\x1b[31m'" in message
    message = refusal(tmp_path, "a,b\n1,2,\u202e\x07" + "y" * 1000 + "\n")
    assert r"'\u202e\x07yy" in message
    assert len(message) < 200


def test_a_path_is_not_shown_raw_either(tmp_path):
    with pytest.raises(DataError, match=r"a\\x1b\[31m.csv': there is no such file"):
        read_csv(tmp_path / "a\x1b[31m.csv")


def test_not_a_file(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_csv(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="is a directory"):
        read_csv(tmp_path)
    with pytest.raises(DataError, match="cannot be opened: Not a directory"):
        read_csv(written(tmp_path, FLOWERS) / "x")
    with pytest.raises(DataError, match="cannot be opened: embedded null"):
        read_csv("a\0b")
    with pytest.raises(DataError):
        read_csv("")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_fifos_devices_and_sockets_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(DataError, match="not a regular file"):
        read_csv(tmp_path / "fifo")
    with pytest.raises(DataError, match="not a regular file"):
        read_csv("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))  # the full path may be too long for a socket
        with pytest.raises(DataError, match="not a regular file"):
            read_csv(tmp_path / "socket")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc")
def test_a_regular_file_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"cannot be (read|opened): "):
        read_csv("/proc/self/mem")


def test_too_large(tmp_path):
    assert refusal(tmp_path, FLOWERS, most_bytes=20).startswith(" is larger than 20 bytes")
    assert len(read_csv(written(tmp_path, FLOWERS), most_bytes=len(FLOWERS))) == 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_too_large_though_it_claims_to_be_empty():
    with pytest.raises(DataError, match="is larger than 5 bytes"):
        read_csv("/proc/self/status", most_bytes=5)


def test_a_row_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_lines, "MOST_RECORD", 1000)
    assert refusal(tmp_path, "a,b\n" + "," * 2000).startswith(", row 2: a row of more than 1,000 bytes")
    assert refusal(tmp_path, "a,b\n" + '"\n",' * 2000).startswith(", row 252: a row of more than 1,000 bytes")
    assert len(read_csv(written(tmp_path, "a,b\n" + "1,2\n" * 2000))) == 2000


def test_many_different_cells(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "_MOST_POOLED", 10)
    table = read_csv(written(tmp_path, "a\n" + "".join(f"{i}\n" for i in range(100))))
    assert table.column("a").cells == [str(i) for i in range(100)]


# No lone surrogates: UTF-8 has none. No NUL: refused.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
awkward = st.text(st.sampled_from(list("a1,\"'\n\r ;\t=é€")), max_size=6)
header_name = st.text(st.sampled_from(string.ascii_letters + ',"\n .é'), min_size=1, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(st.lists(header_name.map(str.strip).filter(bool), min_size=1, max_size=4, unique=True))
    row = st.lists(text | awkward, min_size=len(names), max_size=len(names))
    return names, draw(st.lists(row, min_size=1, max_size=5))


# With "\n" as line end and minimal quoting, csv.writer (before 3.13) leaves a lone "\r" bare, which no reader can undo.
styles = st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)])


@FUNCTION_FIXTURE
@given(tables(), styles, st.booleans())
def test_what_the_csv_module_writes_is_read_back_identical(tmp_path, table, style, mark):
    line_end, quoting = style
    names, rows = table
    path = tmp_path / "table.csv"
    with path.open("w", encoding="utf-8-sig" if mark else "utf-8", newline="") as file:
        csv.writer(file, lineterminator=line_end, quoting=quoting).writerows([names, *rows])
    read = read_csv(path)
    assert list(read.names) == names
    assert cells(read) == rows


pieces = st.sampled_from(
    [b",", b"\n", b"\r", b'"', b'""', b"a", b"1", b";", b"\t", b"\0", b"\xef\xbb\xbf", b"\xff", b" "]
)


@FUNCTION_FIXTURE
@given(st.binary(max_size=300) | st.lists(pieces, max_size=40).map(b"".join))
def test_no_bytes_raise_anything_else(tmp_path, content):
    path = written(tmp_path, content)
    try:
        table = read_csv(path)
    except DataError as error:
        message = str(error)
        assert message.count("\n") < 12
        assert all(line.isprintable() for line in message.split("\n"))
    else:
        assert len(table) >= 1
        assert all(len(column) == len(table) for column in table.columns)


def test_a_file_of_very_many_cells_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "MOST_CELLS", 1_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 500))
    assert len(read_csv(path)) == 500
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 501))
    with pytest.raises(DataError, match=r"more than 1,000 cells.*--stream reads it a part at a time"):
        read_csv(path)
