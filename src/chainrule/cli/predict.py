"""`chainrule predict`: a saved model applied to new rows."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .choices import engines
from .options import (
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    LibraryOption,
    MissingOption,
    beginning_with,
    dialect_of,
)
from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..data import Table


def predict(
    ctx: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="written by train --model", show_default=False)],
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="the table with the new rows; - reads it from standard input")
    ] = "-",
    only: Annotated[bool, typer.Option("--only", help="the new columns without those of the table")] = False,
    output_file: Annotated[
        Path | None, typer.Option("-o", "--output", help="write it to a file", metavar="FILE")
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", help="what runs the network", autocompletion=beginning_with(engines))
    ] = "auto",
    library: LibraryOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = "utf-8",
    missing: MissingOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Apply a saved model to new rows: prints the table with a column for the prediction, and with classes one for the
    probability of each, as CSV.

    The columns are found by name: their order does not matter, further ones are kept as they are, and the target need
    not be there.
    """
    from ..data import read_table
    from ..models import load

    screen = Screen(ctx, plain, lang)
    predictor = load(model, engine, library)
    dialect = dialect_of(delimiter, decimal, encoding, missing)
    predictor.preparation  # noqa: B018  a model that was trained on arrays is refused before the table is read
    table = predictor.table(read_table(sys.stdin.buffer if file == "-" else file, dialect))
    added = predictor.columns(table)
    for name, count in predictor.preparation.unknown(table).items():
        tell(screen, "predict.unknown", name, count)
    for name, count in predictor.preparation.filled_in(table).items():
        tell(screen, "predict.filled", name, count)
    text = as_csv(table, added, only)
    if output_file is not None:
        from ..files import check_target, write_file

        check_target(output_file, "--output")
        write_file(output_file, text.encode(), output_file.with_name(output_file.name + ".new"))
    elif sys.stdout.isatty():
        typer.echo("".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text), nl=False)
    else:
        typer.echo(text.encode(), nl=False)


def tell(screen: Screen, key: str, name: str, count: int) -> None:
    from ..data import printable

    typer.echo(screen.text(key, column=printable(name), count=count), err=True)


def as_csv(table: Table, added: dict[str, list[str]], only: bool) -> str:
    """The table and the new columns; a new name that is taken already is numbered."""
    columns: list[tuple[str, Any]] = [] if only else [(column.name, column.texts()) for column in table.columns]
    taken = {name for name, _ in columns}
    for name, cells in added.items():
        free, number = name, 2
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free)
        columns.append((free, cells))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in columns])
    writer.writerows(zip(*(cells for _, cells in columns), strict=True))
    return text.getvalue()
