"""Tables from data frames, arrays and Parquet files."""

import datetime
from typing import Any

import numpy as np
import pytest

from chainrule.data import DataError, Table, as_table, frame, parquet_file, read_table
from tests.tools import Late

pd, pl, pa = Late("pandas"), Late("polars"), Late("pyarrow")

CELLS: dict[str, list[Any]] = {"a": [1, None, 3], "b": ["x", None, "z"], "c": [True, False, None], "d": [1.5, 2.0, 3.0]}
FRAMES = {
    "pandas": lambda: pd.DataFrame(CELLS),
    "pandas with its own types": lambda: pd.DataFrame(CELLS).convert_dtypes(),
    "pandas categories": lambda: pd.DataFrame(CELLS | {"b": pd.Categorical(CELLS["b"])}),
    "polars": lambda: pl.DataFrame(CELLS),
    "polars categories": lambda: pl.DataFrame(CELLS).with_columns(pl.col("b").cast(pl.Categorical)),
    "polars enum": lambda: pl.DataFrame(CELLS).with_columns(pl.col("b").cast(pl.Enum(["x", "z"]))),
    "arrow": lambda: pa.table(CELLS),
    "arrow dictionary": lambda: pa.table(CELLS | {"b": pa.array(CELLS["b"]).dictionary_encode()}),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name):
    table = as_table(FRAMES[name]())
    assert table.names == ("a", "b", "c", "d")
    np.testing.assert_array_equal(table.column("a").cells, [1, np.nan, 3])
    assert table.column("b").cells == ["x", "", "z"]
    assert table.column("c").cells == ["True", "False", ""]
    assert table.column("d").numbers.values.tolist() == [1.5, 2.0, 3.0]
    assert table.lines.tolist() == [1, 2, 3]


def test_arrays_and_dictionaries():
    assert as_table(np.arange(6).reshape(2, 3)).names == ("x1", "x2", "x3")
    table = as_table({"a": [1, 2], "b": ["x", "y"]})
    assert as_table(table) is table
    with pytest.raises(DataError, match="must have two dimensions"):
        as_table(np.arange(3))
    assert as_table(pd.DataFrame([[1, 2]], columns=[0, 1])).names == ("0", "1")
    assert as_table(pd.DataFrame({"a": pd.Series([1, None, 2.5], dtype=object)})).column("a").missing.sum() == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pd.DataFrame({"a": [datetime.datetime(2024, 1, 1)]}), "column 'a' holds dates or times"),
        (lambda: pl.DataFrame({"a": [datetime.date(2024, 1, 1)]}), "column 'a' holds dates or times"),
        (lambda: pl.DataFrame({"a": [datetime.timedelta(1)]}), "column 'a' holds dates or times"),
        (lambda: pl.DataFrame({"a": [[1]]}), "is of type List"),
        (lambda: pa.table({"a": pa.array([b"x"])}), "is of type Binary"),
        (lambda: pd.DataFrame({"a": [1, "x"]}), "row 2, column 'a': 'x' of type str stands beside other types"),
        (lambda: pd.DataFrame({"a": [{}, 1]}), "row 1, column 'a': '{}' of type dict"),
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns have the same name"),
        (lambda: pl.DataFrame({"a": [1], " a": [2]}), "'a' is not one"),
        (lambda: pl.DataFrame({" ": [1]}), "every column needs a name"),
        (lambda: pd.DataFrame({"a": []}), "has no rows"),
        (lambda: pl.DataFrame(), "has no columns"),
        (lambda: pl.LazyFrame({"a": [1]}), "a data frame, an array or a dict of columns is expected"),
        (lambda: 3, "a data frame, an array or a dict of columns is expected"),
    ],
)  # fmt: skip
def test_frames_that_are_refused(make, message):
    with pytest.raises(DataError) as caught:
        as_table(make())
    assert message in str(caught.value)


def test_too_large_a_frame(monkeypatch):
    monkeypatch.setattr(frame, "MOST_CELLS", 11)
    with pytest.raises(DataError, match="3 rows of 4 columns are too many"):
        as_table(pl.DataFrame(CELLS))


# --- Parquet -------------------------------------------------------------------------------------------------------


def test_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame(CELLS).write_parquet(path)
    table = read_table(path)
    assert table.column("b").cells == ["x", "", "z"]
    assert table.source == str(path)


def test_a_parquet_that_is_too_large(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    pl.DataFrame(CELLS).write_parquet(path)
    monkeypatch.setattr(parquet_file, "MOST_CELLS", 11)
    with pytest.raises(DataError, match="3 rows of 4 columns; at most 11 cells are read"):
        read_table(path)


def test_damaged_parquet(tmp_path):
    path = tmp_path / "t\x1b.parquet"
    pl.DataFrame({"a": np.arange(50.0), "b": ["x", "yy"] * 25}).write_parquet(path)
    whole, random, refused = path.read_bytes(), np.random.RandomState(0), 0
    for number in range(200):
        content = bytearray(whole)
        if number % 4:
            content[random.randint(4, len(content))] ^= 1 << random.randint(8)
        else:
            content = content[: 4 + random.randint(len(content) - 4)]
        path.write_bytes(content)
        try:
            assert isinstance(read_table(path), Table)  # there is no digest: what still is Parquet is read
        except DataError as error:
            refused += 1
            assert all(line.isprintable() for line in str(error).split("\n"))  # noqa: PT017  either is right
    assert refused > 50


@pytest.mark.parametrize(("module", "package"), [("narwhals", "narwhals"), ("pyarrow", "pyarrow")])
def test_what_is_not_installed_is_named(tmp_path, monkeypatch, module, package):
    path = tmp_path / "t.parquet"
    pl.DataFrame(CELLS).write_parquet(path)
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ImportError, match=rf"need {package}: pip install 'chainrule\[data\]'"):
        read_table(path)
