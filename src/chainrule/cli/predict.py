"""`chainrule predict`: a saved model applied to new rows."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
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
    threads: Annotated[int, typer.Option("--threads", help="so many share out many rows on engine c")] = 1,
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
    not be there. The table is read a part at a time, however large it is.
    """
    from ..data import DataError, TableStream
    from ..models import load

    screen = Screen(ctx, plain, lang)
    predictor = load(model, engine, library, threads)
    dialect = dialect_of(delimiter, decimal, encoding, missing)
    predictor.preparation  # noqa: B018  a model that was trained on arrays is refused before the table is read
    rows, unknown, filled = 0, Counter[str](), Counter[str]()
    with ExitStack() as stack:
        write = writer(stack, output_file, model, Path(file))
        bar = stack.enter_context(screen.advance()) if output_file is not None or not sys.stdout.isatty() else None
        share: list[float] = []
        stream = TableStream(sys.stdin.buffer if file == "-" else file, dialect)
        try:
            for part in stream.parts(share.append):
                table = predictor.table(part)
                write(as_csv(table, predictor.columns(table), only, header=not rows))
                unknown.update(predictor.preparation.unknown(table))
                filled.update(predictor.preparation.filled_in(table))
                rows += len(table)
                if bar is not None:
                    speed = screen.number(round(rows / bar.seconds))
                    bar.at(share[-1] if share else None, f"{screen.number(rows)}  {speed}/s")
        except DataError as error:
            if not rows or output_file is not None:
                raise
            raise DataError(f"{error}\n{screen.text('predict.printed', count=rows)}") from None
    for name, count in unknown.items():
        tell(screen, "predict.unknown", name, count)
    for name, count in filled.items():
        tell(screen, "predict.filled", name, count)


def writer(stack: ExitStack, path: Path | None, *read: Path) -> Callable[[str], object]:
    """What writes text to the file, which is replaced when all is well, or to standard output."""
    if path is not None:
        from ..files import check_target, replacing

        check_target(path, "--output", *read)
        file = stack.enter_context(replacing(path))
        return lambda text: file.write(text.encode())
    if sys.stdout.isatty():
        return lambda text: typer.echo("".join(map(safe, text)), nl=False)
    return lambda text: typer.echo(text.encode(), nl=False)


def safe(character: str) -> str:
    """What a terminal does not obey."""
    return character if character.isprintable() or character in "\n\t" else repr(character)[1:-1]


def tell(screen: Screen, key: str, name: str, count: int) -> None:
    from ..data import printable

    typer.echo(screen.text(key, column=printable(name), count=count), err=True)


def as_csv(table: Table, added: dict[str, list[str]], only: bool, header: bool = True) -> str:
    """The rows of a table with the new columns; a new name that is taken already is numbered."""
    columns: list[tuple[str, Any]] = [] if only else [(column.name, column.texts()) for column in table.columns]
    taken = {name for name, _ in columns}
    for name, cells in added.items():
        free, number = name, 2
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free)
        columns.append((free, cells))
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    if header:
        lines.writerow([name for name, _ in columns])
    lines.writerows(zip(*(cells for _, cells in columns), strict=True))
    return text.getvalue()
