"""What `train` shows of a table: what its columns are for, and which rows are for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .screen import Screen

if TYPE_CHECKING:
    from ..data import Dialect, Roles, Survey
    from ..tables.samples import Split

MOST_NAMES = 12
MOST_REMARKS = 12
LEAST_BALANCE = 5


@dataclass(frozen=True)
class Facts:
    """What there is to say of a table, however its rows are read."""

    source: str
    rows: int
    columns: int
    roles: Roles
    counts: Sequence[int]
    bounds: tuple[float, float]
    parts: dict[str, int]
    dialect: Dialect | None


def show_table(screen: Screen, data: Split) -> None:
    """A table in memory."""
    table, roles = data.table, data.roles
    bounds = (0.0, 0.0)
    if roles.task == "regression":
        values = table.column(roles.target).numbers.values
        bounds = (float(values.min()), float(values.max()))
    parts = {"training": len(data.training), "test": len(data.test)}
    parts |= {} if data.validation is None else {"validation": len(data.validation)}
    counts = data.counts.tolist()
    show(screen, Facts(table.source, len(table), len(table.columns), roles, counts, bounds, parts, table.dialect))


def show_survey(screen: Screen, found: Survey) -> None:
    """A table that is read a part at a time."""
    roles, counts = found.roles, found.counts.tolist()
    parts = {"training": found.trained, "test": found.tested}
    parts |= {"validation": found.validated} if found.validated else {}
    columns = len(roles.features) + 1
    show(screen, Facts(found.stream.source, found.rows, columns, roles, counts, found.bounds, parts, found.dialect))
    screen.say("train.streamed")


def show(screen: Screen, facts: Facts) -> None:
    from ..data import printable

    of_role = {
        role: [printable(name) for name, its in facts.roles.features if its == role]
        for role in ("numeric", "categorical")
    }
    screen.say("train.table", style="bold", file=facts.source, rows=facts.rows, columns=facts.columns)
    told = [(screen.text("train.target"), target_of(screen, facts))]
    for role, names in of_role.items():
        if names:
            told.append((screen.text(f"train.{role}"), enumerated(screen, names)))
    shared = "train.split_validation" if "validation" in facts.parts else "train.split"
    told.append((screen.text("train.rows"), screen.text(shared, **facts.parts)))
    if facts.dialect is not None and not facts.dialect.is_plain:
        told.append((screen.text("train.read"), spelled(screen, facts.dialect)))
    screen.facts(told)
    show_remarks(screen, facts.roles)
    show_balance(screen, facts)


def show_remarks(screen: Screen, roles: Roles) -> None:
    """What a reader should know of single columns."""
    from ..data import printable

    remarks, role = roles.remarks, dict(roles.features)
    if remarks:
        screen.line()
    for remark in remarks[:MOST_REMARKS]:
        key = f"train.{remark.kind}" + (f"_{role[remark.column]}" if remark.kind == "missing" else "")
        values = {"count": remark.cells} if remark.kind == "missing" else {}
        screen.say(key, style="yellow", column=printable(remark.column), **values)
    if len(remarks) > MOST_REMARKS:
        screen.line("...")


def show_balance(screen: Screen, facts: Facts) -> None:
    """Where a class has less than a fifth of the rows that it would have if all had the same."""
    from ..data import printable

    if facts.roles.task == "regression":
        return
    least, rows = min(facts.counts), sum(facts.counts)
    if least * len(facts.counts) * LEAST_BALANCE < rows:
        label = printable(facts.roles.classes[facts.counts.index(least)], 24)
        screen.say("train.unbalanced", style="yellow", label=label, count=least, rows=rows)


def target_of(screen: Screen, facts: Facts) -> str:
    from ..data import printable

    name, (least, most) = printable(facts.roles.target), facts.bounds
    if facts.roles.task == "regression":
        return screen.text("train.number", name=name, least=f"{least:.6g}", most=f"{most:.6g}")
    each = [
        f"{printable(label, 24)} {screen.number(count)}"
        for label, count in zip(facts.roles.classes, facts.counts, strict=True)
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
