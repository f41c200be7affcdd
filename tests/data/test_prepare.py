"""Preparation: numbers by hand, what is fitted where, new data, and the way through JSON."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import DataError, Preparation, Table, find_roles, prepare, read_csv, split


def fitted(table: Table, target: str = "y", task: str = "auto") -> Preparation:
    return Preparation.fit(table, find_roles(table, target, task))  # type: ignore[arg-type]


GARDEN = Table.from_columns(
    {
        "height": ["1", "3", "1", "3"],
        "color": ["red", "blue", "red", "green"],
        "always": ["7", "7", "7", "7"],
        "y": ["rose", "iris", "rose", "iris"],
    },
    source="garden.csv",
)


def test_worked_by_hand():
    preparation = fitted(GARDEN)
    assert preparation.feature_names == ("height", "color=blue", "color=green", "color=red", "always")
    # height: mean 2, deviation 1.  color: blue, green, red.  always: constant.
    X = [[-1, 0, 0, 1, 0], [1, 1, 0, 0, 0], [-1, 0, 0, 1, 0], [1, 0, 1, 0, 0]]
    assert preparation.transform(GARDEN).tolist() == X
    assert preparation.transform_target(GARDEN).tolist() == [[0, 1], [1, 0], [0, 1], [1, 0]]  # iris, rose
    assert preparation.classes == ("iris", "rose")
    assert (preparation.task, preparation.width, preparation.outputs) == ("classification", 5, 2)
    assert preparation.inverse_target(np.array([[0.2, 0.8], [0.9, 0.1]])) == ["rose", "iris"]


def test_numeric_target():
    table = Table.from_columns({"a": ["x", "y", "x"], "y": ["10.5", "20.5", "30.5"]})
    preparation = fitted(table)
    Y = preparation.transform_target(table)
    np.testing.assert_allclose(Y, np.array([[-math.sqrt(1.5)], [0.0], [math.sqrt(1.5)]]))
    back = np.asarray(preparation.inverse_target(Y.astype(np.float32)))
    np.testing.assert_allclose(back, np.array([[10.5], [20.5], [30.5]]), rtol=1e-6)
    assert (preparation.task, preparation.classes, preparation.outputs) == ("regression", (), 1)


def test_a_file_from_end_to_end(tmp_path: Path):
    path = tmp_path / "flowers.csv"
    kinds = {"setosa": 1.4, "versicolor": 4.3, "virginica": 5.5}
    rows = [
        f"{petal + 0.01 * i:.2f},{'wet' if i % 3 else 'dry'},{kind}" for kind, petal in kinds.items() for i in range(50)
    ]
    path.write_text("\n".join(["petal,soil,species", *rows, ""]))
    table = read_csv(path)
    roles = find_roles(table, "species")
    train, test = split(len(table), 0.2, seed=0, strata=roles.strata(table))
    preparation = Preparation.fit(table.take(train), roles)
    X, Y = preparation.transform(table.take(train)), preparation.transform_target(table.take(train))
    assert (X.shape, Y.shape) == ((120, 3), (120, 3))
    assert X.dtype == Y.dtype == np.float64
    assert abs(X[:, 0].mean()) < 1e-14
    assert X[:, 0].std() == pytest.approx(1)
    assert preparation.transform_target(table.take(test)).sum(axis=0).tolist() == [10, 10, 10]


def test_fitted_on_the_training_rows_only():
    roles = find_roles(GARDEN, "y")
    preparation = Preparation.fit(GARDEN.take([0, 1]), roles)
    assert preparation.feature_names == ("height", "color=blue", "color=red", "always")
    assert preparation.unknown(GARDEN) == {"color": 1}  # green
    assert preparation.transform(GARDEN)[3].tolist() == [1, 0, 0, 0]
    assert preparation.unknown(GARDEN.take([0, 1])) == {}


def test_new_data_in_another_order_with_more_columns_and_without_target():
    new = Table.from_columns({"more": ["?"], "always": ["9"], "color": [" blue "], "height": ["2"]})
    assert fitted(GARDEN).transform(new).tolist() == [[0, 1, 0, 0, 0]]


def changed(**columns: list[str] | list[float] | None) -> Table:
    """GARDEN with columns replaced, or dropped where None is given."""
    merged = {column.name: column.cells for column in GARDEN.columns} | columns
    return Table.from_columns({name: cells for name, cells in merged.items() if cells is not None}, source="new.csv")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (changed(height=None), "new.csv has no column 'height'; its columns are"),
        (changed(height=["1", "x", "3", "4"]), "new.csv, row 2, column 'height': 'x' is not a number"),
        (changed(height=[1.0, np.inf, 2.0, 3.0]), "new.csv, row 2, column 'height': inf is not a number"),
    ],
)
def test_new_data_that_is_refused(table, message):
    with pytest.raises(DataError) as caught:
        fitted(GARDEN).transform(table)
    assert str(caught.value).startswith(message)


def test_missing_cells_by_hand():
    table = changed(height=["1", "", "3", "8"], color=["red", "", "red", " "])
    preparation = fitted(table)
    assert preparation.feature_names == ("height", "height is missing", "color is missing", "color=red", "always")
    # height: median 3; 1 3 3 8 have mean 3.75 and deviation sqrt(6.6875)
    deviation = math.sqrt(6.6875)
    X = preparation.transform(table)
    np.testing.assert_allclose(X[:, 0], (np.array([1, 3, 3, 8]) - 3.75) / deviation)
    assert X[:, 1:4].tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 1], [0, 1, 0]]
    assert preparation.filled_in(table) == preparation.unknown(table) == {}
    again = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert again == preparation


def test_missing_cells_that_the_training_rows_have_none_of():
    preparation = fitted(GARDEN)
    new = changed(height=["", "3", " ", "1"], color=["", "red", "red", "red"])
    assert preparation.transform(new)[:, 0].tolist() == [0, 1, 0, -1]  # the median is 2, as the mean
    assert preparation.transform(new)[0, 1:4].tolist() == [0, 0, 0]
    assert preparation.filled_in(new) == {"height": 2}
    assert preparation.unknown(new) == {"color": 1}


def test_a_column_that_is_missing_in_all_training_rows():
    table = changed(height=["", "", "5", "6"])
    preparation = Preparation.fit(table.take([0, 1]), find_roles(table, "y"))
    assert preparation.transform(table)[:, :2].tolist() == [[0, 1], [0, 1], [0, 0], [0, 0]]


def test_new_targets_that_are_refused():
    preparation = fitted(GARDEN)
    with pytest.raises(DataError, match="row 3, column 'y': 'tulip' is not a known class; known are 'iris', 'rose'"):
        preparation.transform_target(changed(y=["rose", "iris", "tulip", "iris"]))
    with pytest.raises(DataError, match="row 1, column 'y': the cell is empty"):
        preparation.transform_target(changed(y=["", "iris", "rose", "iris"]))
    with pytest.raises(DataError, match="no target column 'y'"):
        preparation.transform_target(changed(y=None))


def test_numeric_classes_are_the_same_however_written():
    preparation = fitted(changed(y=["1", "2", "01", "2.0"]))
    assert preparation.classes == ("1", "2")
    assert preparation.transform_target(changed(y=[1.0, 1.0, 2.0, 2.0])).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    with pytest.raises(DataError, match="'x' is not a number"):
        preparation.transform_target(changed(y=["1", "x", "2", "2"]))


def test_training_rows_that_are_refused():
    roles = find_roles(changed(y=["1.5", "1.5", "2", "3"]), "y")
    with pytest.raises(DataError, match="the target is the same in all 2 training rows"):
        Preparation.fit(changed(y=["1.5", "1.5", "2", "3"]).take([0, 1]), roles)
    with pytest.raises(DataError, match="no rows to train on"):
        Preparation.fit(GARDEN.take([]), find_roles(GARDEN, "y"))


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e-160, 1.0, 1e160, 1e307])
def test_standardising_neither_overflows_nor_vanishes(scale):
    table = changed(height=[scale * factor for factor in (1.0, -1.0, 1.0, -1.0)])
    np.testing.assert_allclose(fitted(table).transform(table)[:, 0], [1, -1, 1, -1])


def test_a_number_out_of_reach():
    preparation = fitted(changed(height=[1e-300, 2e-300, 1e-300, 2e-300]))
    with pytest.raises(DataError, match="row 4, column 'height': '1e300' is too far from the other values"):
        preparation.transform(changed(height=["1", "1", "1", "1e300"]))


def test_too_many_values_are_refused_before_they_are_allocated(monkeypatch):
    monkeypatch.setattr(prepare, "MOST_VALUES", 19)
    with pytest.raises(DataError, match="4 rows of 5 inputs are more than fit"):
        fitted(GARDEN).transform(GARDEN)


def test_outputs_of_another_shape():
    with pytest.raises(ValueError, match=r"Y has shape \(3,\): it must be \(N, 2\)"):
        fitted(GARDEN).inverse_target(np.zeros(3))


def test_names_are_safe_to_print():
    table = Table.from_columns({"a\x1b": ["x\n", "y"], "y": ["u", "v"]})
    assert fitted(table).feature_names == (r"a\x1b=x", r"a\x1b=y")


cell = st.sampled_from(["red", "blue", "", " x ", "1", "2.5", "nan", "1e308", "-1e308", "5e-324", '"', "\x00", "é"])


@settings(deadline=None)
@given(
    st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=6),
    st.sampled_from(["auto", "classification", "regression"]),
)
def test_any_table_is_prepared_or_refused(rows, task):
    table = Table.from_columns(dict(zip("aby", map(list, zip(*rows, strict=True)), strict=True)))
    try:
        preparation = fitted(table, task=task)
        X, Y = preparation.transform(table), preparation.transform_target(table)
    except DataError:
        return
    assert X.shape == (len(rows), preparation.width)
    assert Y.shape == (len(rows), preparation.outputs)
    assert np.isfinite(X).all()
    assert np.isfinite(Y).all()
    again = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert again == preparation
    np.testing.assert_array_equal(again.transform(table), X)
