"""The table to train on: its rows in three parts, and in folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ..data import DataError, Dialect, Preparation, Roles, Table, find_roles, folds, read_table, split

LEAST_ROWS = 3


class Split:
    """A table, what its columns are for, and its rows in three parts.

    rows            which of the table are the training rows
    preparation     fitted to them
    """

    def __init__(self, table: Table, roles: Roles, parts: tuple[Any, Any, Any]) -> None:
        self.table, self.roles = table, roles
        training, validation, test = parts
        self.rows = training
        self.training, self.test = table.take(training), table.take(test)
        self.validation = None if validation is None else table.take(validation)
        self.preparation: Preparation = Preparation.fit(self.training, roles)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(K,) how many rows of the table each class has; none in a regression."""
        strata = self.roles.strata(self.table)
        return np.empty(0, np.int64) if strata is None else np.bincount(strata)

    @classmethod
    def read(
        cls,
        file: Path,
        target: str,
        task: str,
        seed: int,
        test: float,
        validation: float,
        dialect: Dialect,
        without: Sequence[str] = (),
    ) -> Split:
        """The file, its test rows set aside first, then validation rows; each class gives its share to all."""
        for name, share, least in (("--test", test, "above 0"), ("--validation", validation, "at least 0")):
            if not (0 < share < 1 or (share == 0 and name == "--validation")):
                raise ValueError(f"{name} {share:g}: a share of the rows, {least} and below 1")
        if not 0 <= seed < 2**32:
            raise ValueError(f"--seed {seed}: a whole number from 0 to {2**32 - 1}")
        if task not in ("auto", "classification", "regression"):
            raise ValueError(f"unknown task '{task}'; known: auto, classification, regression")
        table = read_table(file, dialect).without(without)
        roles = find_roles(table, target, cast(Literal["auto", "classification", "regression"], task))
        if len(table) < LEAST_ROWS:
            raise DataError(
                f"{table.source} has only {len(table)} rows; to train and to test takes {LEAST_ROWS} at least"
            )
        strata = roles.strata(table)
        training, tested = split(len(table), test, seed, strata)
        if not validation:
            return cls(table, roles, (training, None, tested))
        if len(training) < LEAST_ROWS:
            raise DataError(f"{table.source}: {len(training)} rows are left to train on; too few for validation")
        rest, held = split(len(training), validation, seed, None if strata is None else strata[training])
        return cls(table, roles, (training[rest], training[held], tested))

    def in_folds(self, count: int, seed: int) -> Iterator[Split]:
        """The training rows again, in `count` folds: each of them once the rows that are held out.

        Raises
            DataError: fewer rows than folds.
        """
        strata = self.roles.strata(self.training)
        for kept, held in folds(len(self.training), count, seed, strata):
            yield Split(self.table, self.roles, (self.rows[kept], None, self.rows[held]))
