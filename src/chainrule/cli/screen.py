"""Where commands print: with colour and lines on a terminal, plain into a file or pipe, in the reader's language."""

from __future__ import annotations

import errno
import os
import sys
import time
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..messages import LANGUAGES, choose_language, number, say
from ..messages.columns import width_of

if TYPE_CHECKING:
    from rich.progress import Progress

WIDTH = 80
CANNOT_WRITE = {errno.ENOSPC, errno.EIO, errno.EBADF}  # what printing may meet
MOST_LINES, MOST_CHARACTERS = 12, 500  # of an error message
NOT_AT_LINE_END = "([（「『《【"
NOT_AT_LINE_START = "，。、；：！？）」』》】%"



def remember_language(ctx: typer.Context, tag: str | None) -> str | None:
    """Let the help page, which is written before any command runs, know the language that was asked for."""
    if tag is not None:
        ctx.obj = {**(ctx.obj or {}), "lang": tag}
    return tag


PlainOption = Annotated[bool, typer.Option("--plain", help="no lines, no colours, no progress bar")]
LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        help=f"{', '.join(LANGUAGES)}; by default the locale's",
        metavar="LANGUAGE",
        is_eager=True,
        callback=remember_language,
    ),
]


def is_plain(arguments: Sequence[str] = ()) -> bool:
    """Whether to print without lines and colours: asked for, or not to a terminal."""
    return "--plain" in arguments or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb"


def language_of(tag: str | None) -> str:
    """The language to speak.  ValueError: one asked for that is not there (the message lists those that are)."""
    language = choose_language(tag)
    if tag and language == "en" and not tag.lower().startswith("en"):
        raise ValueError(f"unknown language '{tag}'; known: {', '.join(LANGUAGES)}")
    return language


class Screen:
    """Prints to standard output; `language` is that of the catalogue, `plain` without lines and colours.

    keeps   whether there are files to write: then the command goes on where its reader, such as `head`, has gone
    """

    keeps = False

    def __init__(self, ctx: typer.Context, plain: bool = False, lang: str | None = None) -> None:
        from rich.console import Console

        given: dict[str, Any] = ctx.obj or {}
        self.language = language_of(lang or given.get("lang"))
        self.asked_plain = plain or given.get("plain", False) or os.environ.get("TERM") == "dumb"
        self.plain = self.asked_plain or is_plain()
        self.console = Console(highlight=False, markup=False, emoji=False, color_system=None if self.plain else "auto")
        self.width = min(self.console.width, WIDTH)

    def text(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return say(key, self.language, **values)

    def number(self, value: int) -> str:
        """A whole number as the language writes it."""
        return number(value, self.language)

    def line(self, text: str = "", style: str = "") -> None:
        """A line as it is; a terminal folds it where it must."""
        try:
            self.console.print(text, style=None if self.plain else style or None, soft_wrap=True)
        except SystemExit:  # of rich, which from now on prints nothing
            if not self.keeps:
                raise

    def say(self, key: str, style: str = "", **values: object) -> None:
        """A text of the catalogue, as a paragraph."""
        self.paragraph(self.text(key, **values), style)

    def paragraph(self, text: str, style: str = "") -> None:
        for line in text.split("\n"):
            for part in wrapped(line, self.width):
                self.line(part, style)

    def title(self, text: str) -> None:
        self.line(text, "bold cyan")
        if not self.plain:
            self.line("─" * width_of(text), "cyan")

    def symbol(self, symbol: str, plainer: str) -> str:
        """A symbol, or another where the encoding has none."""
        return symbol if self.console.encoding.lower().startswith("utf") else plainer

    def code(self, source: str, language: str = "numpy") -> None:
        """Source code, coloured on a terminal; otherwise character by character what it is."""
        if self.plain:
            typer.echo(source)
            return
        from rich.syntax import Syntax

        lexer = language if Syntax("", language).lexer else "python"
        syntax = Syntax("", lexer, theme="ansi_dark", background_color="default")
        highlighted = syntax.highlight(source)
        highlighted.rstrip()
        self.console.print(highlighted, soft_wrap=True)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
        """Columns, the first `left` of them flush left, the others flush right; an empty header is left out."""
        widths = [max(width_of(row[i]) for row in (header, *rows)) for i in range(len(header))]

        def aligned(row: Sequence[str]) -> str:
            cells = [
                cell + " " * (width - width_of(cell)) if i < left else " " * (width - width_of(cell)) + cell
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            return ("  " + "  ".join(cells)).rstrip()

        if any(header):
            self.line(aligned(header), "bold")
            if not self.plain:
                self.line("  " + "─" * (sum(widths) + 2 * len(widths) - 2), "dim")
        for row in rows:
            self.line(aligned(row))

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Names and what they are, in two columns."""
        first = max(width_of(name) for name, _ in facts)
        for name, text in facts:
            lines = wrapped(text, self.width - first - 4)
            self.line(f"  {name}{' ' * (first - width_of(name))}  {lines[0]}")
            for line in lines[1:]:
                self.line(" " * (first + 4) + line)

    def progress(self) -> Progress:
        """A bar on standard error, which goes away when done; nothing where that is no terminal."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        return Progress(*columns, console=console, transient=True, disable=self.plain or not console.is_terminal)

    def advance(self) -> Advance:
        """A bar on standard error of which share is done, with a text; nothing where that is no terminal. It is there,
        too, where standard output is a file."""
        return Advance(self.asked_plain)


class Advance:
    """How far long work has come. It goes away when the work is done.

        with screen.advance() as bar:
            bar.at(0.25, "1,000  250/s")
    """

    def __init__(self, plain: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console, text = Console(stderr=True), TextColumn("{task.description}", markup=False)
        self.started = time.monotonic()
        self.bar = Progress(
            BarColumn(), text, TimeRemainingColumn(), console=console, transient=True,
            disable=plain or not console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task("", total=None)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return max(time.monotonic() - self.started, 1e-9)

    def at(self, share: float | None, text: str) -> None:
        """So much is done; None where nobody knows."""
        self.bar.update(self.task, total=None if share is None else 1.0, completed=share or 0.0, description=text)

    def __enter__(self) -> Advance:
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()


# --- errors --------------------------------------------------------------------------------------------------------


def refused(error: BaseException, word: str = "error") -> None:
    """What is wrong, on standard error: at most 12 lines, nothing in them that a terminal would obey."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        where = "standard output" if error.filename is None and error.errno in CANNOT_WRITE else error.filename
        text = error.strerror if where is None else f"{where}: {error.strerror}"
    lines = [shown(line) for line in (f"{word}: {text or type(error).__name__}").split("\n")]
    if sys.stderr.isatty():
        lines = [part for line in lines for part in wrapped(line, WIDTH)]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], "..."]
    typer.echo("\n".join(lines), err=True)


def shown(line: str) -> str:
    """A line that is safe to print."""
    safe = "".join(character if character.isprintable() else repr(character)[1:-1] for character in line)
    return safe if len(safe) <= MOST_CHARACTERS else safe[:MOST_CHARACTERS] + "..."


# --- text in columns -----------------------------------------------------------------------------------------------


def wrapped(text: str, width: int) -> list[str]:
    """A paragraph in lines of at most `width` columns; Chinese breaks between any two characters but not before 。"""
    indent = len(text) - len(text.lstrip(" "))
    if indent or width_of(text) <= width:
        return [text]
    lines, line = [], ""
    for piece in pieces(text):
        if line and width_of(line) + width_of(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip(" ")
    return [*lines, line.rstrip()]


def pieces(text: str) -> list[str]:
    """What is never broken: words with the blank behind them, single Chinese characters with the mark behind them."""
    found: list[str] = []
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF"
        after = found[-1] if found else ""
        joins = character in NOT_AT_LINE_START if wide else unicodedata.east_asian_width(after[-1:] or " ") not in "WF"
        if after and (joins or after[-1] in NOT_AT_LINE_END) and not (after.endswith(" ") and character != " "):
            found[-1] += character
        else:
            found.append(character)
    return found
