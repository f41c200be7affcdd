"""`chainrule report`: one page on a trained network, for people who were not there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .choices import engines
from .options import DecimalOption, DelimiterOption, EncodingOption, MissingOption, beginning_with, dialect_of
from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..data import Dialect
    from ..tables.samples import Split
    from ..training import Training


def report(
    ctx: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="written by train --model", show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="a table with the target: the rows to judge it by", show_default=False),
    ],
    output_file: Annotated[Path, typer.Option("-o", "--output", help="write it to a file", metavar="OUT.html")] = Path(
        "report.html"
    ),
    engine: Annotated[
        str, typer.Option("--engine", help="what runs the network", autocompletion=beginning_with(engines))
    ] = "auto",
    live: Annotated[
        bool, typer.Option("--live", help="a page that trains: the network and its rows, to play, step and look into")
    ] = False,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = "utf-8",
    missing: MissingOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """One page on a trained network: what was trained on what, how good it is and how sure that is, what counts, and
    the program.

    Given the table that it was trained with, the rows that were held out then are judged. The page is one file that
    opens in any browser, without a network connection.
    """
    from ..data import printable
    from ..report import report_on, write_report

    screen = Screen(ctx, plain, lang)
    check_page(output_file, "--output", model, file)
    if live:
        write_live(screen, model, file, dialect_of(delimiter, decimal, encoding, missing), output_file)
        return
    made = report_on(model, file, dialect=dialect_of(delimiter, decimal, encoding, missing), engine=engine)
    write_report(output_file, made, screen.language, "--output")
    screen.say("report.written", path=printable(str(output_file), 200), rows=len(made.table))


def check_page(path: Path, option: str, *read: Path | None) -> None:
    """Refuse, before any work, a place where no page can be written, and a name that is none of a page."""
    from ..files import check_target

    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{option} {path}: the name must end in .html")
    check_target(path, option, *read)


def write_live(screen: Screen, model: Path, file: Path, dialect: Dialect, path: Path) -> None:
    """`report --live`: the network on the rows, as a page that trains without a server."""
    from ..data import printable
    from ..files import write_file
    from ..lab.given import compressed, given_of, given_page

    given = given_of(model, file, dialect)
    page = given_page(given, screen.language)
    write_file(path, page.encode(), path.with_name(path.name + ".new"))
    kept = given.sampled()
    screen.say("report.live", path=printable(str(path), 200), rows=kept.rows, size=f"{compressed(page) / 1000:.0f}")
    if kept.whole:
        screen.say("report.live_sample", rows=kept.rows, whole=kept.whole)


def report_training(screen: Screen, run: Training, data: Split, path: Path, facts: dict[str, Any]) -> None:
    """`train --report`: the same page on the training just made, by its test rows."""
    from ..data import printable
    from ..models import Predictor
    from ..models.saving import model_of
    from ..report import Report, write_report
    from ..report.report import course_of

    known = {"table": printable(Path(data.table.source).name), "test_rows": len(data.test)}
    model = model_of(run, data.preparation, known | facts)
    made = Report(Predictor.of(model, engine=run.engine.name), data.test, True, course_of(model.provenance), run)
    write_report(path, made, screen.language, "--report")
    screen.line()
    screen.say("report.written", path=printable(str(path), 200), rows=len(data.test))
