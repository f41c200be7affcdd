"""How a text file spells its table: found by rule, said, or refused."""

import gzip
import io
from pathlib import Path
from typing import Any

import pytest

from chainrule.data import DataError, Dialect, Table, csv_lines, read_csv, read_table


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(table: Table) -> list[list[str]]:
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def refusal(path: Path, **said: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_csv(path, dialect=Dialect(**said))
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("content", "separator", "decimal", "row"),
    [
        ("a,b\n1.5,x\n", ",", ".", ["1.5", "x"]),
        ("a;b\n1.5;x\n", ";", ".", ["1.5", "x"]),
        ("a;b\n1,5;x\n", ";", ",", ["1.5", "x"]),
        ("a\tb\n1,5\tx,y\n", "\t", ",", ["1.5", "x,y"]),
        ("a;b\n-,5e3; +2,5 \n", ";", ",", ["-.5e3", "+2.5"]),
        ("a;b\n1,000;x\n", ";", ".", ["1,000", "x"]),  # thousands, it may be: left as it is
        ("a;b\n1,000;2,50\n", ";", ",", ["1.000", "2.50"]),
        ("a;b\n1,5;2.5\n", ";", ".", ["1,5", "2.5"]),  # both: left as they are
        ("Breite, cm;Art;Land\n1,5;2;3\n", ";", ",", ["1.5", "2", "3"]),
        ('"a;b;c","d\te\tf"\n1,2\n', ",", ".", ["1", "2"]),
        ("a\n1\n", ",", ".", ["1"]),
        ('"a";"b"\r\n"1,5";"x;y"\r\n', ";", ",", ["1.5", "x;y"]),
    ],
)
def test_separator_and_decimals_are_found(tmp_path, content, separator, decimal, row):
    table = read_csv(written(tmp_path, content))
    assert table.dialect == Dialect(separator, decimal)
    assert cells(table) == [row]
    assert table.take([0]).dialect == table.dialect
    assert table.dialect.is_plain == (separator == "," and decimal == ".")


def test_what_is_said_holds(tmp_path):
    path = written(tmp_path, 'a|b;c\n1|"2,5"\n')
    assert cells(read_csv(path, dialect=Dialect("pipe", ","))) == [["1", "2.5"]]
    assert read_csv(path, dialect=Dialect("|")).names == ("a", "b;c")
    path = written(tmp_path, "a b\n1 2\n")
    assert read_csv(path, dialect=Dialect("space")).names == ("a", "b")
    path = written(tmp_path, 'a,b\n"1,5",x\n')
    assert cells(read_csv(path)) == [["1,5", "x"]]
    assert cells(read_csv(path, dialect=Dialect(decimal=","))) == [["1.5", "x"]]


def test_points_among_decimal_commas(tmp_path):
    path = written(tmp_path, "a;b\n1,5;x\n1.500;y\n")
    assert refusal(path, decimal=",").startswith(", row 3, column 'a': '1.500' has a point, but numbers are to have")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"separator": ""}, "one character is expected"),
        ({"separator": '"'}, "one character is expected"),
        ({"separator": "."}, "none that numbers are made of"),
        ({"separator": "5"}, "none that numbers are made of"),
        ({"separator": "\x1b["}, r"'\\x1b\['"),
        ({"decimal": ";"}, "a point or a comma"),
        ({"encoding": "rot13"}, "unknown encoding 'rot13'"),
        ({"missing": ("x",) * 21}, "21 marks"),
    ],
)
def test_what_cannot_be_said(said, message):
    with pytest.raises(DataError, match=message):
        Dialect(**said)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "latin-1", "ISO_8859-15", "mac-roman", "cp850"])
def test_encodings(tmp_path, encoding):
    text = "größe,café\n1,Zoë\n"
    path = written(tmp_path, text.encode(encoding.replace("_", "-")))
    table = read_csv(path, dialect=Dialect(encoding=encoding))
    assert (table.names, cells(table)) == (("größe", "café"), [["1", "Zoë"]])


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "shift-jis"])
def test_encodings_of_two_bytes(tmp_path, encoding):
    path = written(tmp_path, "大小,名\n1,東京\n".encode(encoding))
    assert cells(read_csv(path, dialect=Dialect(encoding=encoding))) == [["1", "東京"]]


def test_another_encoding_is_told(tmp_path):
    path = written(tmp_path, "a,b\n1,\xe4\n".encode("cp1252"))
    assert refusal(path).startswith(", row 2: not UTF-8 (byte 0xe4 at byte 3 of the line); save the file as UTF-8, or")
    path = written(tmp_path, b"a,b\n1,\x81\n")
    assert refusal(path, encoding="cp1252").startswith(", row 2: not cp1252 (byte 0x81")
    path = written(tmp_path, "a,b\n1,2\n".encode("utf-16"))
    assert refusal(path) == " is a text in UTF-16; --encoding utf-16 reads it"
    assert refusal(written(tmp_path, b"\xff\xfea\0b"), encoding="utf-16").startswith(": not UTF-16")


def test_gzip(tmp_path, monkeypatch):
    content = gzip.compress(b"\xef\xbb\xbfa;b\r\n1,5;x\r\n")
    table = read_csv(written(tmp_path, content))
    assert cells(table) == [["1.5", "x"]]
    assert table.dialect == Dialect(";", ",", gzip=True)
    for damaged in (content[:-9], content[:20] + b"\xff" + content[21:], content[:-2] + b"xx", content + b"x"):
        assert refusal(written(tmp_path, damaged)).startswith(" is damaged: what it packs cannot be unpacked")
    assert refusal(written(tmp_path, gzip.compress(content))) == " is gzip inside gzip; save it as CSV in UTF-8"
    path = written(tmp_path, gzip.compress(b"a\n" + b"1\n" * 10**6))
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(csv_lines, "MOST_RECORD", 1000)
    with pytest.raises(DataError, match="larger than 100,000 bytes"):
        read_csv(path, most_bytes=100_000)
    bomb = written(tmp_path, gzip.compress(bytes(10**7)))
    assert "a row of more than 1,000 bytes" in refusal(bomb)


def test_what_stands_for_nothing(tmp_path):
    path = written(tmp_path, "a,b\nNA,x\n2, ? \nNAN,y\n")
    table = read_csv(path, dialect=Dialect(missing=("NA", "?")))
    assert cells(table) == [["", "x"], ["2", ""], ["NAN", "y"]]


def test_a_stream(tmp_path):
    with gzip.open(tmp_path / "x.gz", "wb") as file:
        file.write(b"a,b\n1,2\n")
    with (tmp_path / "x.gz").open("rb") as file:
        table = read_table(file)
    assert cells(table) == [["1", "2"]]
    assert table.source == str(tmp_path / "x.gz")
    assert read_csv(io.BytesIO(b"a,b\n1,2\n")).source == "standard input"  # what has no name
