"""What `train` shows of a table: what its columns are for, and which rows are for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .screen import Screen

if TYPE_CHECKING:
    from ..data import Dialect
    from ..tables.samples import Split

MOST_NAMES = 12
MOST_REMARKS = 12
LEAST_BALANCE = 5


def show_table(screen: Screen, data: Split) -> None:
    from ..data import printable

    table, roles = data.table, data.roles
    columns = {
        role: [printable(name) for name, of in roles.features if of == role] for role in ("numeric", "categorical")
    }
    screen.say("train.table", style="bold", file=table.source, rows=len(table), columns=len(table.columns))
    facts = [(screen.text("train.target"), target_of(screen, data))]
    if columns["numeric"]:
        facts.append((screen.text("train.numeric"), enumerated(screen, columns["numeric"])))
    if columns["categorical"]:
        facts.append((screen.text("train.categorical"), enumerated(screen, columns["categorical"])))
    sizes = {"training": len(data.training), "test": len(data.test)}
    if data.validation is None:
        shared = screen.text("train.split", **sizes)
    else:
        shared = screen.text("train.split_validation", validation=len(data.validation), **sizes)
    facts.append((screen.text("train.rows"), shared))
    if table.dialect is not None and not table.dialect.is_plain:
        facts.append((screen.text("train.read"), spelled(screen, table.dialect)))
    screen.facts(facts)
    show_remarks(screen, data)


def show_remarks(screen: Screen, data: Split) -> None:
    """What a reader should know of single columns."""
    from ..data import printable

    remarks, role = data.roles.remarks, dict(data.roles.features)
    if remarks:
        screen.line()
    for remark in remarks[:MOST_REMARKS]:
        key = f"train.{remark.kind}" + (f"_{role[remark.column]}" if remark.kind == "missing" else "")
        values = {"count": remark.cells} if remark.kind == "missing" else {}
        screen.say(key, style="yellow", column=printable(remark.column), **values)
    if len(remarks) > MOST_REMARKS:
        screen.line("...")
    show_balance(screen, data)


def show_balance(screen: Screen, data: Split) -> None:
    """Where a class has less than a fifth of the rows that it would have if all had the same."""
    from ..data import printable

    if data.roles.task == "regression":
        return
    counts = data.counts
    least = int(counts.argmin())
    if counts[least] * len(counts) * LEAST_BALANCE < counts.sum():
        label, rows = printable(data.roles.classes[least], 24), int(counts.sum())
        screen.say("train.unbalanced", style="yellow", label=label, count=int(counts[least]), rows=rows)


def target_of(screen: Screen, data: Split) -> str:
    from ..data import printable

    name = printable(data.roles.target)
    if data.roles.task == "regression":
        values = data.table.column(data.roles.target).numbers.values
        return screen.text("train.number", name=name, least=f"{values.min():.6g}", most=f"{values.max():.6g}")
    each = [
        f"{printable(label, 24)} {screen.number(count)}"
        for label, count in zip(data.roles.classes, data.counts, strict=True)
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
