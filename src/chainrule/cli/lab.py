"""`chainrule lab`: the network in the browser, watched and stepped through."""

from __future__ import annotations

import base64
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DecimalOption, DelimiterOption, EncodingOption, MissingOption, dialect_of
from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..data import Dialect

MOST_BYTES = 60 * 2**20


def lab(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="DATA.csv", help="a table to begin with; more can be dropped on the page",
                       show_default=False),
    ] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 takes any that is free; by default "
                                             "8765, or the next one that is free", show_default=False)] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page in a browser")] = True,
    exported: Annotated[
        Path | None,
        typer.Option("--export", metavar="DIR", help="write the lab as a page that needs no server, with the guided "
                     "path and what one change of a control reaches, and end", show_default=False),
    ] = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = "utf-8",
    missing: MissingOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:  # fmt: skip
    """Watch a network learn, statement by statement, in the browser.

    The page is served to this machine alone, at an address that holds a secret; Ctrl-C ends it.
    """
    from ..lab import serve

    screen = Screen(ctx, plain, lang)
    if exported is not None:
        export_lab(screen, exported, file, port)
        return
    start: dict[str, Any] = {"language": screen.language, "table": None}
    if file is not None:
        said = {"delimiter": delimiter, "decimal": decimal, "encoding": encoding, "missing": missing}
        read = {key: text for key, text in said.items() if text and (key, text) != ("encoding", "utf-8")}
        start["table"] = table_of(file, dialect_of(delimiter, decimal, encoding, missing), read)

    def announce(address: str) -> None:
        screen.say("lab.serving")
        screen.line()
        screen.line(f"  {address}", "bold cyan")
        screen.line()
        screen.say("lab.stop")

    serve(start, port, browser, announce)
    screen.line()
    screen.say("lab.closed")


def table_of(file: Path, dialect: Dialect, said: dict[str, str]) -> dict[str, Any]:
    """A table as the page takes it: the text of a file in UTF-8; of a CSV that is `said` to be in another encoding
    its bytes; of any other file its rows, written as CSV."""
    from ..data import printable, read_regular, read_table

    read = read_table(file, dialect)  # refuses what train would refuse, before a page is opened
    name, content = printable(file.name), read_regular(file, MOST_BYTES)
    try:
        return {"name": name, "text": content.decode("utf-8-sig"), "read": said}
    except UnicodeDecodeError:
        if "encoding" in said:
            return {"name": name, "base64": base64.b64encode(content).decode(), "read": said}
        written = io.StringIO()
        rows = csv.writer(written)
        rows.writerow(read.names)
        rows.writerows(zip(*(column.texts() for column in read.columns), strict=True))
        return {"name": name, "text": written.getvalue()}


def export_lab(screen: Screen, folder: Path, file: Path | None, port: int | None) -> None:
    """The lab as static files."""
    from ..lab.exported import check, export

    for given, what in ((file, "DATA.csv"), (port, "--port")):
        if given is not None:
            raise ValueError(f"--export {folder}: {what} goes with a lab that is served, not with one that is written")
    check(folder)
    screen.say("lab.exporting")
    with screen.progress() as bar:
        task = bar.add_task("", total=None)
        found = export(folder, screen.language, told=lambda done, of: bar.update(task, completed=done, total=of))
    screen.say("lab.exported", programs=found.programs, size=f"{found.size / 2**20:.1f}")
    screen.line()
    screen.line(f"  {found.page}", "bold cyan")
    screen.line()
    screen.say("lab.exported_open")


__all__ = ["lab"]
