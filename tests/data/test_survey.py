"""Tables that are read a part at a time: the parts, and what one pass over them finds."""

import numpy as np
import pytest

from chainrule.data import DataError, Preparation, Shares, Table, TableStream, find_roles, read_table, survey
from chainrule.data import stream as stream_module

ROWS = 3_000


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of a few hundred rows."""
    monkeypatch.setattr(stream_module, "PART_BYTES", 10_000)
    monkeypatch.setattr(stream_module, "PART_CELLS", 1_500)


def text(rows=ROWS, seed=0):
    random = np.random.RandomState(seed)
    x, y = random.normal(100, 3, rows), random.normal(size=rows)
    lines = ["x,empty,color,count,label,y"]
    for i in range(rows):
        gap = "" if i % 7 == 0 else f"{y[i]:.4f}"
        lines.append(f"{x[i]:.5f},{gap},{'rgb'[i % 3]},{i % 5},{'hi' if x[i] > 100 else 'lo'},{x[i] * y[i]:.4f}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def files(tmp_path):
    """The same table as CSV and as Parquet."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    csv = tmp_path / "table.csv"
    csv.write_text(text())
    table = read_table(csv)
    arrays = [
        pa.array(column.cells) if isinstance(column.numbers.values, float) or not column.numbers.valid.any()
        else pa.array(column.numbers.values, from_pandas=True)
        for column in table.columns
    ]  # fmt: skip
    pq.write_table(pa.table(arrays, names=list(table.names)), tmp_path / "table.parquet", row_group_size=700)
    return csv, tmp_path / "table.parquet"


def whole(parts):
    return [(column.name, np.concatenate([part.column(column.name).numbers.values for part in parts]))
            for column in parts[0].columns]  # fmt: skip


@pytest.mark.parametrize("kind", [0, 1])
def test_the_parts_are_the_table(files, small_parts, kind):
    parts, table = list(TableStream(files[kind]).parts()), read_table(files[kind])
    assert len(parts) > 5
    assert np.concatenate([part.lines for part in parts]).tolist() == table.lines.tolist()
    for (name, values), column in zip(whole(parts), table.columns, strict=True):
        assert name == column.name
        np.testing.assert_array_equal(values, column.numbers.values)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("target", ["label", "y", "count"])
def test_one_pass_finds_what_the_whole_table_shows(files, small_parts, kind, target):
    stream, table = TableStream(files[kind]), read_table(files[kind])
    found, roles = survey(stream, target, "auto", Shares(0.2, 3)), find_roles(table, target)
    assert (found.roles.target, found.roles.task, found.roles.classes) == (roles.target, roles.task, roles.classes)
    assert found.roles.features == roles.features
    assert sorted(found.roles.remarks) == sorted(roles.remarks)
    held = np.concatenate([Shares(0.2, 3).of(i, len(part)) == 1 for i, part in enumerate(stream.parts())])
    assert (found.rows, found.tested) == (ROWS, held.sum())
    assert 0.15 < held.mean() < 0.25
    wanted = Preparation.fit(table.take(np.flatnonzero(~held)), roles)
    X, Z = wanted.transform(table), found.preparation.transform(table)
    np.testing.assert_allclose(Z, X, rtol=1e-9, atol=1e-9)  # so few rows that the median is that of all
    np.testing.assert_allclose(found.preparation.transform_target(table), wanted.transform_target(table), rtol=1e-9)
    strata = roles.strata(table)
    assert found.counts.tolist() == ([] if strata is None else np.bincount(strata).tolist())


def both_passes(stream, target):
    found = survey(stream, target, "auto", Shares(0.2, 0))
    for part in stream.parts():
        found.preparation.transform_target(part)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("100.5,1,r,1,lo,oops\n", r"row 3002, column 'y': 'oops' is not a number"),
        ("100.5,1,r,1,,3\n", r"row 3002, column 'label': the cell is empty"),
        ("100.5,1,r\n", r"row 3002: 3 cells, but the header has 6"),
    ],
)
def test_what_is_wrong_far_down_is_named(tmp_path, small_parts, change, message):
    path = tmp_path / "table.csv"
    path.write_text(text() + change)
    found_at = "y" if "oops" in change else "label"
    with pytest.raises(DataError, match=message):
        both_passes(TableStream(path), found_at)


def test_too_many_texts_and_constants_are_refused(tmp_path, small_parts):
    path = tmp_path / "table.csv"
    path.write_text("name,same,y\n" + "".join(f"n{i}x,1,{i % 2}\n" for i in range(1_500)))
    with pytest.raises(DataError, match="different texts, more than 1,000"):
        survey(TableStream(path), "y", "auto", Shares(0.2, 0))
    found = survey(TableStream(path, without=["name"]), "y", "auto", Shares(0.2, 0))
    assert [remark.kind for remark in found.roles.remarks] == ["constant"]
    with pytest.raises(DataError, match="the target is '1' in every row"):
        survey(TableStream(path, without=["name"]), "same", "auto", Shares(0.2, 0))
    path.write_text("x,y\n1,2\n")
    with pytest.raises(DataError, match="too few"):
        survey(TableStream(path), "y", "auto", Shares(0.2, 0))


def test_a_table_is_a_table(small_parts, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\r\n1,x\r\n")
    (part,) = TableStream(path).parts()
    assert isinstance(part, Table)
    assert [part.names for part in TableStream(path, without=["b"]).parts()] == [("a",)]


def test_validation_rows_are_drawn_out_of_those_that_are_no_test_rows():
    few, more = Shares(0.2, 7).of(3, 50_000), Shares(0.2, 7, 0.1).of(3, 50_000)
    assert ((few == 1) == (more == 1)).all()
    assert abs((more == 1).mean() - 0.2) < 0.01
    assert abs((more == 2).mean() - 0.08) < 0.01
    assert (more == Shares(0.2, 7, 0.1).of(3, 50_000)).all()
    assert (more != Shares(0.2, 8, 0.1).of(3, 50_000)).any()
