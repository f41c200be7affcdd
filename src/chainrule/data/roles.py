"""What each column of a table is for, decided by stated rules on the whole table, before anything is fitted.

    a column is numeric       at least 90 % of its filled cells, and at least one, are plain decimal numbers, marks that
                              often stand for nothing (NA, null, ?, -, ...) not counted; then a cell that is not a
                              number is an error, not a category
    a column is categorical   otherwise; its text is its category
    a cell is missing         it is empty or blank; in the target an error, named by row and column, elsewhere filled
                              in: with the median where the column is numeric, or else as a category of its own
    a column holds dates      it is not numeric, and at least 90 % of its filled cells look like one; refused, and so
                              are numbers spelled in another way: 1_000, 1,5, 0x10, 12 %, 1e999
    it looks like an          all its cells differ, there are at least 20, and they are text, or whole numbers that
    identifier                count up by one, or it is called id, index or the like; told, not refused
    it is constant            all its cells are the same; told, not refused

    the task is classification   the target is categorical, or it is numeric with whole numbers only, at most 20
                                 different ones, each at least twice
    the task is regression       otherwise

Asking for a task overrides the last rule: with `classification` any target serves, number or text; with `regression`
every cell of the target must be a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .column import Column, number_label
from .errors import DataError
from .quoting import listed, quoted
from .table import Table

Role = Literal["numeric", "categorical"]
Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = ("classification", "regression")

MOST_CATEGORIES = 1000
"""Different texts in one column (or classes of a target); with more it is taken for an identifier or free text."""
MOST_WHOLE_NUMBERS = 20
"""Different values of a numeric target that is taken for classes."""
LEAST_IDENTIFIERS = 20
"""Rows from which on a column of different cells is called an identifier."""

_DATE = re.compile(
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2}))"
    r"(?:[T ]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
_MOST_DATE = 40
_ODD_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:[ ,_'\u00a0\u2019\u202f][0-9]{3})+(?:[.,][0-9]+)?|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+"
    r"|[0-9]*,[0-9]+|0[xX][0-9a-fA-F]+|[0-9]+(?:_[0-9]+)+|[0-9]+(?:[.,][0-9]+)? ?%|[0-9.]+[eE][+]?[0-9]{3,})"
)
MARKS = {"na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "--", ".", "missing", "unknown"}
_IDENTIFIERS = {"id", "index", "key", "no", "nr", "number", "row", "uuid", "guid"}
_ENDS_LIKE_ONE = re.compile(r"(?:_id|[a-z]I[dD]|-id| id| ID|_ID)$")


class Remark(NamedTuple):
    """Something about a column that is no error: it looks like an identifier, is constant, or has empty cells."""

    kind: Literal["identifier", "constant", "missing"]
    column: str
    cells: int = 0


@dataclass(frozen=True)
class Roles:
    """The target, the task, and the features with their roles, in the order of the table.

    `classes` are sorted (numbers as numbers, text by code point), and empty in a regression. `numeric_classes` says
    whether labels are read as numbers, so that `1` and `1.0` are one class. `remarks` are what a reader should know.
    """

    target: str
    task: Task
    features: tuple[tuple[str, Role], ...]
    classes: tuple[str, ...] = ()
    numeric_classes: bool = False
    remarks: tuple[Remark, ...] = ()

    def strata(self, table: Table) -> NDArray[np.int64] | None:
        """(N,) class of each row, for a stratified split; None in a regression."""
        if self.task == "regression":
            return None
        return class_indices(table, table.column(self.target), self.classes, self.numeric_classes)


def find_roles(
    table: Table,
    target: str,
    task: Literal["auto", "classification", "regression"] = "auto",
    wished: Mapping[str, Role] | None = None,
) -> Roles:
    """The roles of all columns of `table`, every cell checked.

    wished      roles of columns that are not to be found by the rules

    Raises
        ValueError: `task` is none of the three.
        DataError: no column called `target` (the nearest is suggested), or no other column; a missing cell of the
        target; a column with nothing but missing cells; dates; a cell of a numeric column that is not a number; a
        categorical column with more than 1,000 different texts; a constant target.
    """
    check_task(task)
    if not len(table):
        raise DataError(f"{table.source} has no rows")
    goal = table.column(target, "target column")
    if len(table.columns) == 1:
        raise DataError(
            f"{table.source} has only the target column {quoted(goal.name)}; "
            "at least one more is needed to predict it from"
        )
    check_filled(table, goal)
    features, remarks = [], list[Remark]()
    for column in table.columns:
        if column is not goal:
            role = checked_role(table, column, (wished or {}).get(column.name))
            features.append((column.name, role))
            remarks += remarks_on(column, role)
    classify, numeric = _task(table, goal, task)
    if not classify:
        values = check_numbers(table, goal)
        if values.min() == values.max():
            raise DataError(constant_target(table, goal, number_label(float(values[0]))))
        return Roles(goal.name, "regression", tuple(features), remarks=tuple(remarks))
    classes = _classes(table, goal, numeric)
    return Roles(goal.name, "classification", tuple(features), classes, numeric, tuple(remarks))


def check_task(task: str) -> None:
    """ValueError: none of the three."""
    if task not in ("auto", *TASKS):
        raise ValueError(f"task={task!r}: must be 'auto', 'classification' or 'regression'")


def role_of(column: Column) -> Role:
    """Numeric or categorical, by the rule above; what is stored as numbers is numeric, infinite ones are told later."""
    if isinstance(column.cells, np.ndarray):
        return "numeric"
    numbers = int(column.numbers.valid.sum())
    filled = len(column) - int(column.missing.sum())
    if 0 < 10 * numbers < 9 * filled:
        filled -= sum(label.casefold() in MARKS for label in column.labels(False))
    return "numeric" if numbers and 10 * numbers >= 9 * filled else "categorical"


def check_filled(table: Table, column: Column) -> None:
    """Raises DataError, naming the row, where a cell of the column is missing."""
    if (count := int(column.missing.sum())) > 0:
        more = f" (and {count - 1} more in this column)" if count > 1 else ""
        raise DataError(
            f"{table.place(int(column.missing.argmax()), column)}: the cell is empty{more}; "
            "fill it in or remove the row"
        )


def check_numbers(table: Table, column: Column, may_miss: bool = False) -> NDArray[np.float64]:
    """The column as numbers (N,), where `may_miss` NaN for a missing cell.

    Raises
        DataError: naming the row, where a cell is not a plain decimal number.
    """
    values, valid = column.numbers
    if may_miss and not valid.all():
        valid = valid | column.missing
    if not valid.all():
        row = int(valid.argmin())
        count = len(column) - int(valid.sum())
        more = f" (one of {count} such cells in this numeric column)" if count > 1 else ""
        if (mark := str(column.cells[row]).strip()).casefold() in MARKS and isinstance(column.cells, list):
            more += f"; --missing {quoted(mark)[1:-1]} takes it for an empty cell"
        raise DataError(
            f"{table.place(row, column)}: {column.shown(row)} is not a number{more}\n"
            "Numbers look like 5, -1.5 or 2.5e-3, and fit into float64; correct the cell"
            + (", leave it empty, or leave the column out." if may_miss else ".")
        )
    return values


def check_spelling(table: Table, column: Column) -> None:
    """Raises DataError where a column of text holds dates, or numbers that are not plain ones."""
    filled = [label for label in column.labels(False) if label]
    short = [label for label in filled if len(label) <= _MOST_DATE]
    odd = [label for label in short if _ODD_NUMBER.fullmatch(label)]
    if odd and 10 * (len(odd) + int(column.numbers.valid.sum())) >= 9 * len(filled):
        raise DataError(
            f"{table.source}, column {quoted(column.name)} holds numbers such as {quoted(odd[0])}; numbers look like "
            "5, -1.5 or 2.5e-3 and fit into float64.\nRemove what separates thousands, and units; --decimal , reads "
            "decimal commas."
        )
    found = [label for label in short if _DATE.fullmatch(label)]
    if found and 10 * len(found) >= 9 * len(filled):
        raise DataError(
            f"{table.source}, column {quoted(column.name)} holds dates, such as {quoted(found[0])}; as they are they "
            "cannot be used.\nPut what matters of them, the year, the month, the days since some day, into columns of "
            "numbers, or leave the column out."
        )


def remarks_on(column: Column, role: Role) -> list[Remark]:
    """What a reader should know about a column, by the rules above."""
    found = []
    if count := int(column.missing.sum()):
        found.append(Remark("missing", column.name, count))
    different, filled = _different(column, role)
    if different == 1 and not count:
        found.append(Remark("constant", column.name))
    elif different == filled >= LEAST_IDENTIFIERS and _counts(column, role):
        found.append(Remark("identifier", column.name))
    return found


def _different(column: Column, role: Role) -> tuple[int, int]:
    """How many different numbers or labels a column has, and how many in all; empty cells are neither."""
    if role == "numeric":
        values = column.numbers.values[~np.isnan(column.numbers.values)]
        return len(np.unique(values)), len(values)
    labels = [label for label in column.labels(False) if label]
    return len(set(labels)), len(labels)


def _counts(column: Column, role: Role) -> bool:
    """Whether a column of different cells identifies rows: text, numbers that count up by one, or by its name."""
    if role == "categorical" or column.name.casefold() in _IDENTIFIERS or _ENDS_LIKE_ONE.search(column.name):
        return True
    values = column.numbers.values[column.numbers.valid]
    return bool((np.diff(values) == 1).all())


def check_categories(table: Table, column: Column, count: int) -> None:
    """Raises DataError where a column has too many different texts to be categories or classes."""
    if count > MOST_CATEGORIES:
        raise DataError(
            f"{table.source}, column {quoted(column.name)}: {count:,} different texts, more than {MOST_CATEGORIES:,}; "
            "an identifier or free text cannot be used, remove the column"
        )


def class_indices(table: Table, column: Column, classes: tuple[str, ...], numeric: bool) -> NDArray[np.int64]:
    """(N,) the position of each row's label in `classes`. Raises DataError, naming the row, for any other label."""
    check_filled(table, column)
    if numeric:
        check_numbers(table, column)
    position = {label: index for index, label in enumerate(classes)}
    indices = np.array([position.get(label, -1) for label in column.labels(numeric)], dtype=np.int64)
    if len(indices) and indices.min() < 0:
        row = int(indices.argmin())
        raise DataError(
            f"{table.place(row, column)}: {column.shown(row)} is not a known class; known are {listed(classes)}"
        )
    return indices


def checked_role(table: Table, column: Column, wished: Role | None = None) -> Role:
    """The role of a column that is to be a feature, every cell checked; the errors are those of `find_roles`."""
    if column.missing.all():
        raise DataError(f"{table.source}, column {quoted(column.name)}: every cell is empty; leave the column out")
    role = wished or role_of(column)
    if role == "numeric":
        check_numbers(table, column, may_miss=True)
    else:
        if not wished:
            check_spelling(table, column)
        check_categories(table, column, len(set(column.labels(False))))
    return role


def _task(table: Table, goal: Column, task: str) -> tuple[bool, bool]:
    """(whether to classify, whether labels are numbers)."""
    if task == "regression":
        return False, False
    if task == "classification":
        return True, bool(goal.numbers.valid.all())
    if role_of(goal) == "categorical":
        return True, False
    values, counts = np.unique(check_numbers(table, goal), return_counts=True)
    whole = bool((values == np.floor(values)).all())
    return whole and len(values) <= MOST_WHOLE_NUMBERS and bool((counts >= 2).all()), True


def _classes(table: Table, goal: Column, numeric: bool) -> tuple[str, ...]:
    if numeric:
        distinct = np.unique(goal.numbers.values).tolist()
        classes = tuple(number_label(value) for value in distinct)
    else:
        classes = tuple(sorted(set(goal.labels(False))))
    check_categories(table, goal, len(classes))
    if len(classes) == 1:
        raise DataError(constant_target(table, goal, classes[0]))
    return classes


def constant_target(table: Table, goal: Column, label: str) -> str:
    """The message for a target that is the same in every row."""
    return (
        f"{table.source}, column {quoted(goal.name)}: the target is {quoted(label)} in every row; "
        "there is nothing to learn from a constant"
    )
