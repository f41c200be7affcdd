"""Tables and columns: look-up, rows, numbers, what is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import Column, DataError, Table, printable, quoted
from chainrule.data.quoting import listed


def test_from_columns():
    table = Table.from_columns({"size": [1, 2.5], "color": ["red", "blue"], "kind": np.array(["a", "b"])})
    assert table.names == ("size", "color", "kind")
    assert table.lines.tolist() == [1, 2]
    assert table.column("size").numbers.values.tolist() == [1.0, 2.5]
    assert table.column("kind").cells == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "has no columns"),
        ({"a": ["1"], "b": ["1", "2"]}, "column 'b' has 2 cells, column 'a' has 1"),
        ({"a": [1, None]}, "column 'a' is neither a list of text nor a list of numbers"),
        ({"a": np.zeros((2, 2))}, "column 'a' is neither"),
    ],
)
def test_from_columns_refuses(columns, message):
    with pytest.raises(DataError, match=message):
        Table.from_columns(columns)


def test_take_keeps_the_rows_numbers():
    table = Table.from_columns({"a": ["x", "y", "z"], "b": [1.0, 2.0, 3.0]})
    taken = table.take([2, 0])
    assert taken.column("a").cells == ["z", "x"]
    assert taken.column("b").numbers.values.tolist() == [3.0, 1.0]
    assert taken.lines.tolist() == [3, 1]
    assert taken.place(0, taken.column("a")) == "the table, row 3, column 'a'"


def test_take_does_not_read_numbers_again():
    column = Column("a", ["1", "x", "3"])
    assert column.numbers.valid.tolist() == [True, False, True]
    taken = column.take([1, 2])
    assert taken.numbers.valid.tolist() == [False, True]
    assert taken.cells == ["x", "3"]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("specis", "'specis'; did you mean 'species'?"),
        ("SPECIES", "'SPECIES'; did you mean 'species'?"),
        ("zzz", "'zzz'; its columns are 'species', 'petal width'"),
    ],
)
def test_nearest_column(name, end):
    table = Table.from_columns({"species": ["a"], "petal width": [1]}, source="iris.csv")
    with pytest.raises(DataError) as caught:
        table.column(name, "target column")
    assert str(caught.value) == f"iris.csv has no target column {end}"


def test_column_name_with_blanks_around():
    assert Table.from_columns({"species": ["a"]}).column(" species ").name == "species"


PLAIN = {
    "5": 5,
    "-1.5": -1.5,
    "+2": 2,
    ".5": 0.5,
    "5.": 5,
    "2.5e-3": 0.0025,
    "1E5": 1e5,
    " 12 ": 12,
    "007": 7,
    "1e-999": 0,
}
NOT_PLAIN = [
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1_000",
    "0x10",
    "1,5",
    "1e999",
    "",
    " ",
    "e5",
    ".",
    "+",
    "1e",
    "--1",
    "1 2",
    "٣",
    "½",
    "1\n2",
]


@pytest.mark.parametrize(("cell", "value"), PLAIN.items())
@pytest.mark.parametrize("other", ["0", "x"], ids=["among numbers", "among text"])
def test_plain_numbers(cell, value, other):
    for cells in ([cell, other], [other, cell]):
        numbers = Column("a", cells).numbers
        assert numbers.values[cells.index(cell)] == value
        assert numbers.valid[cells.index(cell)]


@pytest.mark.parametrize("cell", NOT_PLAIN)
@pytest.mark.parametrize("other", ["0", "x"], ids=["among numbers", "among text"])
def test_not_plain_numbers(cell, other):
    for cells in ([cell, other], [other, cell]):
        assert not Column("a", cells).numbers.valid[cells.index(cell)]


@given(st.lists(st.text(st.sampled_from("0123456789+-.eE \t_xn"), max_size=5), min_size=1, max_size=4))
def test_the_short_way_through_a_column_agrees_with_reading_cell_by_cell(cells):
    whole = Column("a", cells).numbers
    apart = [Column("a", [cell, "x"]).numbers for cell in cells]  # text in it: no short way
    assert whole.valid.tolist() == [bool(numbers.valid[0]) for numbers in apart]
    np.testing.assert_array_equal(whole.values, [numbers.values[0] for numbers in apart])


def test_missing():
    assert Column("a", ["", " \t", "x", "0"]).missing.tolist() == [True, True, False, False]
    assert Column("a", np.array([np.nan, 0.0, np.inf])).missing.tolist() == [True, False, False]
    assert Column("a", ["1", "2"]).missing.tolist() == [False, False]


def test_labels():
    assert Column("a", [" red", "red "]).labels(numeric=False) == ["red", "red"]
    assert Column("a", ["1", "1.0", "-0", "2.5", "1e20"]).labels(numeric=True) == ["1", "1", "0", "2.5", "1e+20"]
    assert Column("a", np.array([1.0, 2.5])).labels(numeric=False) == ["1", "2.5"]


def test_shown():
    assert Column("a", ["\x1b[0m"]).shown(0) == r"'\x1b[0m'"
    assert Column("a", np.array([np.nan])).shown(0) == "nan"


def test_what_is_shown_of_text_from_files():
    assert quoted("a'b") == '"a\'b"'
    assert quoted("x" * 50) == "'" + "x" * 40 + "'..."
    assert printable("setosa") == "setosa"
    assert printable("\x1b[31mred") == r"\x1b[31mred"
    assert printable("y" * 50) == "y" * 37 + "..."
    assert listed(["a", "b", "c"], most=2) == "'a', 'b', ... (3 in all)"


@given(st.text())
def test_shown_text_is_printable_and_short(text):
    assert quoted(text).isprintable()
    assert printable(text).isprintable()
    assert len(printable(text)) <= 40
