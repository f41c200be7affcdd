"""Which column is what, and the task: the stated rules, at their edges."""

import pytest

from chainrule.data import Column, DataError, Table, find_roles, role_of


def table(**columns: list[str]) -> Table:
    return Table.from_columns(columns, source="t.csv")


def refusal(of: Table, target: str = "y", task: str = "auto") -> str:
    with pytest.raises(DataError) as caught:
        find_roles(of, target, task)  # type: ignore[arg-type]
    assert str(caught.value).count("\n") < 12
    return str(caught.value)


def test_roles_of_a_table():
    roles = find_roles(table(a=["1", "2", "3"], y=["u", "v", "u"], b=["p", "q", "p"]), "y")
    assert roles.features == (("a", "numeric"), ("b", "categorical"))
    assert (roles.target, roles.task, roles.classes) == ("y", "classification", ("u", "v"))


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        (["1"] * 10, "numeric"),
        (["1"] * 9 + ["x"], "numeric"),
        (["1"] * 8 + ["x"] * 2, "categorical"),
        (["1"] * 17 + ["x"] * 2, "categorical"),  # 89.5 %
        (["1", ""], "numeric"),  # a missing cell does not count
        (["", ""], "categorical"),
        (["x"], "categorical"),
    ],
)
def test_ninety_percent(cells, role):
    assert role_of(Column("a", cells)) == role


def test_a_cell_that_is_no_number():
    assert refusal(table(a=["1"] * 12 + ["1,5"], y=["u", "v"] * 6 + ["u"])).startswith(
        "t.csv, row 13, column 'a': '1,5' is not a number\n"
        "Numbers look like 5, -1.5 or 2.5e-3, and fit into float64; correct the cell, leave it empty, or leave the "
        "column out."
    )
    assert "(one of 2 such cells in this numeric column)" in refusal(
        table(a=["1"] * 18 + ["nan", "inf"], y=["1", "2"] * 10)
    )
    assert refusal(table(a=["1"] * 20, y=["1", "2"] * 9 + ["1", "x"])).startswith(
        "t.csv, row 20, column 'y': 'x' is not"
    )
    assert refusal(table(a=["x"] * 2, y=["1", "x"]), task="regression").startswith(
        "t.csv, row 2, column 'y': 'x' is not"
    )


def test_missing_cells():
    assert refusal(table(y=["u", " ", "", "v"], a=["x"] * 4)).startswith(
        "t.csv, row 2, column 'y': the cell is empty (and 1"
    )
    roles = find_roles(table(a=["1", "", "2"], b=["x", "y", " "], y=["u", "v", "u"]), "y")
    assert roles.remarks == (("missing", "a", 1), ("missing", "b", 1))
    assert "column 'a': every cell is empty; leave the column out" in refusal(table(a=["", " "], y=["u", "v"]))


@pytest.mark.parametrize(
    "date",
    ["2024-01-31", "2024/1/31", "31.01.2024", "1/31/24", "31-01-2024", "2024-01-31 12:30", "2024-01-31T12:30:59.123Z",
     "2024-01-31T12:30:59+01:00"],
)  # fmt: skip
def test_dates_are_refused_with_a_hint(date):
    message = refusal(table(a=[date] * 9 + ["x"], y=["u", "v"] * 5))
    assert message.startswith(f"t.csv, column 'a' holds dates, such as '{date}'")
    assert "into columns of numbers" in message
    assert find_roles(table(a=[date] * 8 + ["x"] * 2, y=["u", "v"] * 5), "y").features == (("a", "categorical"),)


@pytest.mark.parametrize("text", ["1.2.3", "12-13", "2024", "1/2", "31.01/2024", "10.0.0.1", "a2024-01-31"])
def test_what_is_no_date(text):
    assert find_roles(table(a=[text, "x"] * 5, b=[text] * 10, y=["u", "v"] * 5), "y").target == "y"


def test_identifiers_and_constants_are_told():
    rows = range(20)
    of = table(
        id=[str(97 * i % 1000) for i in rows], count=[str(i + 5) for i in rows], name=[f"n{i}" for i in rows],
        size=[str(97 * i % 1000) for i in rows], always=["7"] * 20, customerId=[str(i * i) for i in rows],
        y=["u", "v"] * 10,
    )  # fmt: skip
    told = {remark.column: remark.kind for remark in find_roles(of, "y").remarks}
    identifiers = dict.fromkeys(["id", "count", "name", "customerId"], "identifier")
    assert told == identifiers | {"always": "constant"}
    assert find_roles(of.take(range(19)), "y").remarks == (("constant", "always", 0),)


def test_missing_target_column():
    assert refusal(table(a=["1"], species=["u"]), "specie") == (
        "t.csv has no target column 'specie'; did you mean 'species'?"
    )


def test_only_the_target():
    assert refusal(table(y=["u", "v"])).startswith("t.csv has only the target column 'y'")


def test_no_rows():
    assert refusal(table(a=[], y=[])) == "t.csv has no rows"


@pytest.mark.parametrize("task", ["auto", "classification", "regression"])
@pytest.mark.parametrize("value", ["3", "1.5", "u"])
def test_constant_target(task, value):
    message = refusal(table(a=["1", "2"], y=[value, value]), task=task)
    assert ("the target is '" + value in message) or (task == "regression" and "'u' is not a number" in message)


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (["u", "v"], "classification"),
        (["0", "1", "0", "1"], "classification"),
        (["0", "1.0", "0", "1"], "classification"),
        (["0", "1", "2", "1"], "regression"),  # 0 and 2 occur once
        (["0.5", "1", "0.5", "1"], "regression"),  # not whole
        ([str(i) for i in range(20)] * 2, "classification"),
        ([str(i) for i in range(21)] * 2, "regression"),
    ],
)
def test_task(target, task):
    assert find_roles(table(a=["1"] * len(target), y=target), "y").task == task


def test_task_by_argument():
    of = table(a=["1", "2", "3", "4"], y=["0", "1", "0", "1"], z=["0.5", "10", "9", "10.0"], w=["1", "2", "x", "1"])
    assert find_roles(of, "y", "regression").task == "regression"
    numbers = find_roles(of, "z", "classification")
    assert (numbers.classes, numbers.numeric_classes) == (("0.5", "9", "10"), True)  # sorted as numbers
    text = find_roles(of, "w", "classification")
    assert (text.classes, text.numeric_classes) == (("1", "2", "x"), False)
    mostly = table(a=["1"] * 20, y=["1", "2"] * 9 + ["1", "x"])
    assert find_roles(mostly, "y", "classification").classes == ("1", "2", "x")
    with pytest.raises(ValueError, match="task='guess': must be 'auto'"):
        find_roles(of, "y", "guess")  # type: ignore[arg-type]


def test_strata():
    of = table(a=["1"] * 4, y=["v", "u", "v", " u"], z=["1", "2.5", "3", "4"])
    strata = find_roles(of, "y").strata(of)
    assert strata is not None
    assert strata.tolist() == [1, 0, 1, 0]
    assert find_roles(of, "z").strata(of) is None


def test_identifiers_are_refused_before_they_are_encoded():
    many = [f"id{i}" for i in range(1001)]
    assert "column 'a': 1,001 different texts" in refusal(table(a=many, y=["u", "v"] * 500 + ["u"]))
    assert "column 'y': 1,001 different texts" in refusal(table(a=["1"] * 1001, y=many))


def test_hostile_cells_are_not_shown_raw():
    message = refusal(table(a=["1"] * 10 + ["\x1b]0;owned\x07" + "A" * 500], y=["u", "v"] * 5 + ["u"]))
    assert r"'\x1b]0;owned\x07AAA" in message
    assert len(message) < 250


@pytest.mark.parametrize(
    "number", ["1_000", "1,5", "1,234", "1 234", "1'234.5", "1.234,5", "0x10", "1e999", "12 %", "12.5%", "1\u202f000"]
)
def test_numbers_that_are_not_plain_are_no_categories(number):
    for cells in ([number, number], [number, "2.5"]):
        message = refusal(table(a=cells * 5, y=["u", "v"] * 5))
        assert message.startswith("t.csv, column 'a' holds numbers such as ")
        assert "--decimal ," in message


@pytest.mark.parametrize("mark", ["NA", "n/a", "null", "?", "-", "nan"])
def test_marks_for_nothing_do_not_make_a_column_of_text(mark):
    of = table(a=["1", mark, "2", mark], y=["u", "v"] * 2)
    assert refusal(of).startswith(f"t.csv, row 2, column 'a': '{mark}' is not a number (one of 2")
    assert f"--missing {mark} takes it for an empty cell" in refusal(of)
    assert role_of(Column("a", [mark, "x", "1"])) == "categorical"


def test_infinity_in_a_column_of_numbers_is_no_category():
    table = Table.from_columns({"x": [1.0, float("inf"), float("nan")], "y": ["a", "b", "a"]})
    assert role_of(table.column("x")) == "numeric"
    with pytest.raises(DataError, match="row 2, column 'x': inf is not a number"):
        find_roles(table, "y")
