"""The table to train on: what its columns are for, and its rows in three parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from .screen import Screen

if TYPE_CHECKING:
    from ..data import Dialect, Preparation, Roles, Table

MOST_NAMES = 12
MOST_REMARKS = 12
LEAST_ROWS = 3


class Split:
    """A table, what its columns are for, and its rows in three parts.

    preparation     fitted to the training rows
    """

    def __init__(self, table: Table, roles: Roles, parts: tuple[Any, Any, Any]) -> None:
        from ..data import Preparation

        self.table, self.roles = table, roles
        training, validation, test = parts
        self.training, self.test = table.take(training), table.take(test)
        self.validation = None if validation is None else table.take(validation)
        self.preparation: Preparation = Preparation.fit(self.training, roles)

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
        from ..data import DataError, find_roles, read_table, split

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

    def show(self, screen: Screen) -> None:
        from ..data import printable

        table, roles = self.table, self.roles
        columns = {
            role: [printable(name) for name, of in roles.features if of == role] for role in ("numeric", "categorical")
        }
        screen.say("train.table", style="bold", file=table.source, rows=len(table), columns=len(table.columns))
        facts = [(screen.text("train.target"), self.describe_target(screen))]
        if columns["numeric"]:
            facts.append((screen.text("train.numeric"), enumerated(screen, columns["numeric"])))
        if columns["categorical"]:
            facts.append((screen.text("train.categorical"), enumerated(screen, columns["categorical"])))
        sizes = {"training": len(self.training), "test": len(self.test)}
        if self.validation is None:
            shared = screen.text("train.split", **sizes)
        else:
            shared = screen.text("train.split_validation", validation=len(self.validation), **sizes)
        facts.append((screen.text("train.rows"), shared))
        if table.dialect is not None and not table.dialect.is_plain:
            facts.append((screen.text("train.read"), spelled(screen, table.dialect)))
        screen.facts(facts)
        self.show_remarks(screen)

    def show_remarks(self, screen: Screen) -> None:
        """What a reader should know of single columns."""
        from ..data import printable

        remarks, role = self.roles.remarks, dict(self.roles.features)
        if remarks:
            screen.line()
        for remark in remarks[:MOST_REMARKS]:
            key = f"train.{remark.kind}" + (f"_{role[remark.column]}" if remark.kind == "missing" else "")
            values = {"count": remark.cells} if remark.kind == "missing" else {}
            screen.say(key, style="yellow", column=printable(remark.column), **values)
        if len(remarks) > MOST_REMARKS:
            screen.line("...")

    def describe_target(self, screen: Screen) -> str:
        from ..data import printable

        name = printable(self.roles.target)
        if self.roles.task == "regression":
            values = self.table.column(self.roles.target).numbers.values
            return screen.text("train.number", name=name, least=f"{values.min():.6g}", most=f"{values.max():.6g}")
        import numpy as np

        counts = np.bincount(self.roles.strata(self.table))  # type: ignore[arg-type]  # classes have strata
        each = [
            f"{printable(label, 24)} {screen.number(count)}"
            for label, count in zip(self.roles.classes, counts, strict=True)
        ]
        listed = enumerated(screen, each)
        return screen.text("train.classes", name=name, count=len(each), listed=listed)


def spelled(screen: Screen, dialect: Dialect) -> str:
    """How the file was read, where that is not the usual way."""
    from ..data import printable
    from ..data.dialect import ENCODINGS, NAMED

    names = {character: name for name, character in NAMED.items() if len(name) > 2}
    separator = printable(names.get(dialect.separator or ",", dialect.separator or ","))
    text = screen.text("train.spelling", separator=separator, example=f"1{dialect.decimal}5")
    return ", ".join([text, ENCODINGS[dialect.encoding], *(["gzip"] if dialect.gzip else [])])


def enumerated(screen: Screen, names: list[str]) -> str:
    """Names with commas between them; of many the first few, and how many there are."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return screen.text("train.and_more", listed=", ".join(names[: MOST_NAMES - 2]), count=len(names))
