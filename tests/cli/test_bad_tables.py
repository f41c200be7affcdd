"""What people and attackers hand in: each is read by a rule that is shown, or refused with place and reason.

Every refusal is at most 12 lines on standard error, exit code 2, nothing that a terminal would obey, no traceback.
"""

import gzip
import json
import os
import struct

import pytest

TRAIN = ("-t", "y", "--epochs", 1, "--layers", "none", "--plain")


def rows(cell, other="2", count=20):
    """A column of cells like this one, and a target of two classes."""
    return "x,y\n" + "".join(f"{cell if i % 4 else other},{'ab'[i % 2]}\n" for i in range(count))


def named(value):
    """The same name of a test in every process; a gzip file has the time in it."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)


def refused(result):
    assert (result.exit_code, result.stdout) == (2, ""), (result.exit_code, result.stdout, result.stderr)
    lines = result.stderr.splitlines()
    assert len(lines) <= 12
    assert all(line.isprintable() for line in lines)
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


# --- cells ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("1_000", "numbers such as '1_000'"),
        ("0x10", "numbers such as '0x10'"),
        ('"1,5"', "--decimal ,"),
        ('"1,000"', "numbers such as '1,000'"),
        ("1e999", "numbers such as '1e999'"),
        ("12 %", "numbers such as '12 %'"),
        ("2024-05-01", "date"),
    ],
)
def test_numbers_that_are_not_plain(cli, table, cell, reason):
    text = refused(cli("train", table(rows(cell, cell)), *TRAIN))
    assert reason in text
    assert "column 'x'" in text


@pytest.mark.parametrize("cell", ["1_000", "0x10", "1e999", "nan", "inf", "x"])
def test_one_cell_that_is_no_number_is_named(cli, table, cell):
    content = rows("1") + f"{cell},a\n"
    assert "row 22, column 'x'" in refused(cli("train", table(content), *TRAIN))


def test_blanks_around_numbers_and_labels_do_not_matter(cli, table):
    content = rows(" 12 ").replace(",a", ", a ").replace(", a \n", ",a\n", 3)
    result = cli("train", table(content), *TRAIN)
    assert result.exit_code == 0, result.stderr
    assert "2 classes: a 10, b 10" in result.stdout


@pytest.mark.parametrize(
    ("target", "shown"),
    [("ab", "2 classes"), (("=1+1", "@SUM(A1)"), "=1+1 10, @SUM(A1) 10"), (("<b>", "${x}"), "${x} 10, <b> 10"),
     (("__import__('os')", "'; DROP"), "2 classes"), (("1", "1.0"), None), (("a", " a"), None), (("a", "a"), None)],
)  # fmt: skip
def test_labels(cli, table, target, shown):
    """Formula characters, markup and code are data; labels that are the same once cleaned are one class."""
    content = "x,y\n" + "".join(f'{i},"{target[i % 2]}"\n' for i in range(20))
    result = cli("train", table(content), *TRAIN)
    if shown is None:
        assert "in every row; there is nothing to learn from a constant" in refused(result)
    else:
        assert result.exit_code == 0, result.stderr
        assert shown in " ".join(result.stdout.split())


def test_control_characters_in_headers_and_labels(cli, table, tmp_path):
    content = "x\x1b[31m,y\n" + "".join(f"{i},{'a' if i % 2 else 'b'}\x07\n" for i in range(20))
    result = cli("train", table(content), *TRAIN, "--model", tmp_path / "m")
    assert result.exit_code == 0, result.stderr
    assert all(line.isprintable() for line in result.stdout.splitlines())


def test_one_row_and_constant_columns(cli, table):
    assert "row" in refused(cli("train", table("x,y\n1,a\n"), *TRAIN))
    result = cli("train", table("c," + rows("1").replace("\n", "\n7,").removesuffix("7,")), *TRAIN)
    assert result.exit_code == 0, result.stderr
    assert "Column c is the same in every row" in result.stdout


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"\xef\xbb\xbf" + rows("1.5").encode(), None),
        (rows("1.5").replace("\n", "\r\n").encode(), None),
        (rows("1.5").replace("\n", "\r").encode(), None),
        (rows("1,5").replace(",a", ";a").replace(",b", ";b").replace("x,y", "x;y").encode(), "semicolon"),
        (rows("1.5").replace(",", "\t").encode(), "tab"),
        (gzip.compress(rows("1.5").encode()), "gzip"),
        (rows("1.5").replace("x,y", '"x\ny",y').encode(), None),
        ((rows("1.5") + "\n\n\n").encode(), None),
    ],
    ids=named,
)
def test_what_spreadsheets_write_is_read(cli, tmp_path, content, shown):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    result = cli("train", path, *TRAIN)
    assert result.exit_code == 0, result.stderr
    assert ("read as" in result.stdout) == (shown is not None)
    assert (shown or "") in result.stdout


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "header"),
        (b"x,y\n", "no rows"),
        (rows("é").encode("cp1252"), "--encoding cp1252"),
        (rows("1").encode("utf-16"), "--encoding utf-16"),
        (rows("1").replace("1,b", "1,\0").encode(), "NUL"),
        (gzip.compress(rows("1").encode())[:-9], "damaged"),
        (gzip.compress(rows("1").encode())[:30] + b"x" * 9, "damaged"),
        (rows("1").replace("1,a", '"1,a', 1).encode(), "quotation mark"),
        (rows("1").replace("1,a", "1,a,3", 1).encode(), "row 4: 3 cells, but the header has 2"),
        (rows("1").replace("2,a", "\n2,a").encode(), "a blank line; remove it"),
        (b"x,x\n1,2\n", "both called 'x'"),
        (b"x,\n1,2\n", "has no name"),
        (b"PK\x03\x04" + bytes(99), "Excel workbook"),
        (b"PAR1" + bytes(99) + b"PAR1", "cannot be read as Parquet"),
        (b"PAR1", "cannot be read as Parquet"),
    ],
    ids=named,
)
def test_files_that_are_refused(cli, tmp_path, content, reason):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert reason in refused(cli("train", path, *TRAIN))


@pytest.mark.parametrize("command", ["train", "predict", "check", "network", "model"])
@pytest.mark.parametrize("kind", ["fifo", "device", "directory", "nothing"])
def test_what_is_no_regular_file(cli, tmp_path, iris, command, kind):
    """Nothing is waited for: a FIFO has no writer here, and /dev/zero no end."""
    places = {"fifo": tmp_path / "f", "device": "/dev/zero", "directory": tmp_path, "nothing": tmp_path / "none"}
    place = places[kind]
    if kind == "fifo":
        os.mkfifo(place)
    arguments = {
        "train": ("train", place, *TRAIN),
        "predict": ("predict", place, iris),
        "check": ("check", place),
        "network": ("train", iris, "-t", "species", "--network", place),
        "model": ("source", "--weights", place),
    }[command]
    text = refused(cli(*arguments))
    assert any(part in text for part in ("not a regular file", "is a directory", "there is no such file"))


def header(content: dict[str, object]) -> bytes:
    text = json.dumps(content).encode()
    return struct.pack("<Q", len(text)) + text


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff" * 64, struct.pack("<Q", 2**63) + b"{}", struct.pack("<Q", 10**9) + b"{" * 99, header({}),
        header({"W1": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}),
        header({"__metadata__": {"chainrule": "[" * 100_000}}),
        header({"__metadata__": {"chainrule": '{"digest": "0", "format": "chainrule model 1", "record": {}}'}}),
        b'{"format": "chainrule network 1", "inputs": 1e99, "layers": []}',
        b'{"format": "chainrule network 1", "inputs": 4, "layers": [{"layer": "dense", "units": 1000000000}]}',
        b'{"format": "chainrule network 1", "inputs": 4, "inputs": 5, "layers": []}',
        b'{"a": ' * 10_000, b'{"inputs": NaN}', b"{\xff}", b"\x80\x04\x95c__main__\n.",
    ],
    ids=named,
)  # fmt: skip
def test_hostile_models_and_networks(cli, iris, tmp_path, content):
    path = tmp_path / "hostile"
    path.write_bytes(content)
    for arguments in (("check", path), ("predict", path, iris), ("train", iris, "-t", "species", "--network", path)):
        refused(cli(*arguments))
