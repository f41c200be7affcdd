"""One pass over a table that does not fit into memory: what its columns are for, and the preparation.

The rules are those of `roles`, decided on all rows, with bounded memory. What differs from a table in memory:

    test rows       each row is set aside with the probability asked for, drawn from the seed, part after part; so are
                    validation rows, out of the others
    the median      which takes the place of a missing number, is that of 20,000 training rows drawn at random
    dates, odd      spellings, and columns that look like identifiers are looked for in the first 1,000 rows
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import compress
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .column import Column, number_label
from .dialect import Dialect
from .errors import DataError
from .features import CategoricalFeature, Feature, NumericFeature, Scale
from .prepare import Preparation
from .quoting import quoted
from .roles import (
    MARKS,
    MOST_CATEGORIES,
    MOST_WHOLE_NUMBERS,
    Remark,
    Role,
    Roles,
    check_categories,
    check_filled,
    check_numbers,
    check_spelling,
    check_task,
    constant_target,
    remarks_on,
)
from .stream import TableStream
from .table import Table
from .target import ClassTarget, NumberTarget

SAMPLE = 20_000
HEAD = 1_000
TRAINING, TEST, VALIDATION = 0, 1, 2


@dataclass(frozen=True)
class Survey:
    """What the pass found.

    rows            how many there are; tested and validated: how many of them are for the test, and for validation
    counts          (K,) rows of each class; empty in a regression
    bounds          the least and the largest target, in a regression
    dialect         how a text file was read
    """

    stream: TableStream
    roles: Roles
    preparation: Preparation
    rows: int
    tested: int
    counts: NDArray[np.int64]
    bounds: tuple[float, float]
    dialect: Dialect | None
    validated: int = 0

    @property
    def trained(self) -> int:
        """How many rows are for the training."""
        return self.rows - self.tested - self.validated


@dataclass(frozen=True)
class Shares:
    """Which rows are for what.

    test        the probability of a row to be a test row; validation: of the other rows, to be a validation row
    seed        of the draw
    """

    test: float
    seed: int
    validation: float = 0.0

    def of(self, part: int, rows: int) -> NDArray[np.int64]:
        """(rows,) of a part: 0 to train on, 1 for the test, 2 for validation; each row whatever the others are."""
        drawn = np.random.RandomState((self.seed, part)).random_sample(rows)
        bounds = (self.test, self.test + (1 - self.test) * self.validation)
        return np.where(drawn < bounds[0], TEST, np.where(drawn < bounds[1], VALIDATION, TRAINING))


def survey(
    stream: TableStream,
    target: str,
    task: Literal["auto", "classification", "regression"],
    shares: Shares,
    said: Callable[[float], None] = lambda share: None,
) -> Survey:
    """Go through the table once. `said` hears which share of the file was read.

    Raises
        DataError: as `find_roles` and `Preparation.fit`.
    """
    check_task(task)
    seen: list[Seen] = []
    head: Table | None = None
    rows = tested = validated = 0
    for number, part in enumerate(stream.parts(said)):
        goal = part.column(target, "target column")
        if head is None:
            head, seen = part.take(range(min(HEAD, len(part)))), [Seen(name, name == goal.name) for name in part.names]
            if len(seen) == 1:
                raise DataError(f"{part.source} has only the target column {quoted(goal.name)}")
        check_filled(part, goal)
        kinds = shares.of(number, len(part))
        held = kinds != TRAINING
        keys = np.random.RandomState((shares.seed, number, 1)).random_sample(len(part))
        keys[held] = np.inf
        for column, one in zip(part.columns, seen, strict=True):
            one.look(column, ~held, keys)
        rows, tested = rows + len(part), tested + int((kinds == TEST).sum())
        validated += int((kinds == VALIDATION).sum())
    if head is None or rows - tested - validated < 1 or not tested or (shares.validation and not validated):
        raise DataError(f"{stream.source}: {rows} rows are too few to train, to validate and to test")
    (goal_seen,) = (one for one in seen if one.is_target)
    features, remarks, made = [], list[Remark](), list[Feature]()
    for one in seen:
        if not one.is_target:
            role, found = one.role(head)
            features.append((one.name, role))
            remarks += found
            made.append(one.feature(role))
    classes, numeric = goal_seen.classes(head, task)
    if not classes:
        if goal_seen.least == goal_seen.most:
            raise DataError(constant_target(head, head.column(goal_seen.name), number_label(goal_seen.least)))
        roles = Roles(goal_seen.name, "regression", tuple(features), remarks=tuple(remarks))
        preparation = Preparation(tuple(made), NumberTarget(goal_seen.name, goal_seen.scale(0.0)))
        counts = np.empty(0, np.int64)
    else:
        roles = Roles(goal_seen.name, "classification", tuple(features), classes, numeric, tuple(remarks))
        preparation = Preparation(tuple(made), ClassTarget(goal_seen.name, classes, numeric))
        counts = goal_seen.counts(classes, numeric)
    bounds = (float(goal_seen.least), float(goal_seen.most))
    return Survey(stream, roles, preparation, rows, tested, counts, bounds, head.dialect, validated)


class Seen:
    """What was seen of one column so far."""

    def __init__(self, name: str, is_target: bool) -> None:
        self.name, self.is_target = name, is_target
        self.rows = self.filled = self.numbers = self.marks = 0
        self.texts: dict[str, int] | None = {}  # label -> rows; None where there are too many
        self.trained: set[str] = set()  # those of training rows
        self.values: dict[float, int] | None = {}  # of a target, likewise
        self.count, self.mean, self.squares, self.missing = 0, 0.0, 0.0, 0  # of the training rows
        self.least, self.most = np.inf, -np.inf
        self.keys, self.sample = np.empty(0), np.empty(0)

    def look(self, column: Column, training: NDArray[np.bool_], keys: NDArray[np.float64]) -> None:
        """At a part."""
        values, valid = column.numbers
        absent = column.missing
        self.rows += len(column)
        self.filled += len(column) - int(absent.sum())
        self.numbers += int(valid.sum())
        if not isinstance(column.cells, np.ndarray):
            if not valid.all():
                odd = Counter(compress(column.cells, (~valid & ~absent).tolist()))
                self.marks += sum(count for cell, count in odd.items() if cell.strip().casefold() in MARKS)
            self.look_at_texts(column.cells, training)
        if self.is_target and self.values is not None:
            for value, count in zip(*np.unique(values[valid], return_counts=True), strict=True):
                self.values[float(value)] = self.values.get(float(value), 0) + int(count)
            self.values = self.values if len(self.values) <= MOST_CATEGORIES else None
        self.missing += int((absent & training).sum())
        if valid.any():
            self.least, self.most = min(self.least, values[valid].min()), max(self.most, values[valid].max())
        self.measure(values[valid & training], keys[valid & training])

    def look_at_texts(self, cells: list[str], training: NDArray[np.bool_]) -> None:
        if self.texts is None:
            return
        for cell, count in Counter(cells).items():
            label = cell.strip()
            self.texts[label] = self.texts.get(label, 0) + count
        self.trained |= {cell.strip() for cell in set(compress(cells, training.tolist()))}
        if len(self.texts) > MOST_CATEGORIES + 1:
            self.texts, self.trained = None, set()

    def measure(self, values: NDArray[np.float64], keys: NDArray[np.float64]) -> None:
        """Mean and squares, part by part: Chan, Golub & LeVeque, American Statistician 37 (1983), 242-247."""
        n = len(values)
        if not n:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            squares, shift, all_rows = float(((values - mean) ** 2).sum()), mean - self.mean, self.count + n
            self.squares += squares + shift**2 * self.count * n / all_rows
            self.mean += shift * n / all_rows
        self.count = all_rows
        keys, sample = np.concatenate([self.keys, keys]), np.concatenate([self.sample, values])
        kept = np.argpartition(keys, SAMPLE)[:SAMPLE] if len(keys) > SAMPLE else slice(None)
        self.keys, self.sample = keys[kept], sample[kept]

    # --- what it comes to ---

    def role(self, head: Table) -> tuple[Role, list[Remark]]:
        """By the rules of `roles`."""
        column = head.column(self.name)
        if not self.filled:
            raise DataError(f"{head.source}, column {quoted(self.name)}: every cell is empty; leave the column out")
        filled = self.filled - (self.marks if 0 < 10 * self.numbers < 9 * self.filled else 0)
        role: Role = "numeric" if self.numbers and 10 * self.numbers >= 9 * filled else "categorical"
        if role == "categorical":
            check_spelling(head, column)
            check_categories(head, column, MOST_CATEGORIES + 1 if self.texts is None else len(self.texts))
        remarks = [remark for remark in remarks_on(column, role) if remark.kind == "identifier"]
        if self.rows > self.filled:
            remarks.append(Remark("missing", self.name, self.rows - self.filled))
        elif self.least == self.most if role == "numeric" else len(self.texts or ()) == 1:
            remarks.append(Remark("constant", self.name))
        return role, remarks

    def feature(self, role: Role) -> Feature:
        """Fitted to the training rows."""
        if role == "categorical":
            return CategoricalFeature(self.name, tuple(sorted(self.trained)))
        median = float(np.median(self.sample)) if len(self.sample) else 0.0
        return NumericFeature(self.name, self.scale(median), median, self.missing > 0)

    def scale(self, median: float) -> Scale:
        """Mean and deviation, with the median in the place of missing cells."""
        n, m = self.count, self.missing
        if not n:
            return Scale(0.0, 0.0)
        shift = median - self.mean
        variance = (self.squares + shift**2 * n * m / (n + m)) / (n + m)
        if not np.isfinite(variance):
            raise DataError(f"column {quoted(self.name)}: its numbers are too large; divide them by some power of ten")
        return Scale(self.mean + shift * m / (n + m), 0.0 if self.least == self.most else float(np.sqrt(variance)))

    def classes(self, head: Table, task: str) -> tuple[tuple[str, ...], bool]:
        """The classes of a target, and whether they are numbers; no classes in a regression."""
        column = head.column(self.name)
        numeric = self.numbers == self.rows
        if task == "regression":
            check_numbers(head, column)
            return (), False
        if task == "auto" and 10 * self.numbers >= 9 * self.filled:
            check_numbers(head, column)
            known = self.values
            whole = known is not None and all(value.is_integer() for value in known)
            few = known is not None and len(known) <= MOST_WHOLE_NUMBERS and min(known.values()) >= 2
            if not (whole and few):
                return (), False
            numeric = True
        if numeric:
            check_categories(head, column, MOST_CATEGORIES + 1 if self.values is None else len(self.values))
            labels = tuple(number_label(value) for value in sorted(self.values or {}))
        else:
            check_categories(head, column, MOST_CATEGORIES + 1 if self.texts is None else len(self.texts))
            labels = tuple(sorted(self.texts or {}))
        if len(labels) == 1:
            raise DataError(constant_target(head, column, labels[0]))
        return labels, numeric

    def counts(self, classes: tuple[str, ...], numeric: bool) -> NDArray[np.int64]:
        """(K,) rows of each class."""
        by_number = ((number_label(value), count) for value, count in (self.values or {}).items())
        known = dict(by_number) if numeric else self.texts or {}
        return np.array([known[label] for label in classes], np.int64)
