"""The command line. One file a command: `demo`, `source`, `train`, ...; what is slow is imported inside them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from .build import build
from .check import check
from .compare import compare
from .demo import demo
from .descend import FormulaCommand, descend
from .diagnose import diagnose
from .explain import explain
from .export import export
from .figure import figure
from .lab import lab
from .landscape import landscape
from .page import CommandPage, Page
from .practice import practice
from .predict import predict
from .report import report
from .screen import LanguageOption, PlainOption, is_plain, refused
from .source import source
from .step import step
from .train import train

__all__ = ["app", "main"]

SEE, USE, LEARN = "See it", "Use it", "Learn it"

app = typer.Typer(
    name="chainrule",
    cls=Page,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def show_version(asked: bool) -> None:
    if asked:
        from .. import __version__

        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def chainrule(
    ctx: typer.Context,
    plain: PlainOption = False,
    lang: LanguageOption = None,
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """Declare a neural network; read, watch and run its backpropagation."""
    ctx.obj = {"plain": plain, "lang": lang}
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


commands: tuple[tuple[str, Any], ...] = (
    (SEE, demo), (SEE, source), (SEE, step), (SEE, explain), (SEE, diagnose), (SEE, compare), (SEE, descend),
    (SEE, landscape), (SEE, lab), (SEE, figure),
    (USE, train), (USE, predict), (USE, report), (USE, export), (USE, check), (USE, build),
)  # fmt: skip
special: dict[Any, type[TyperCommand]] = {descend: FormulaCommand}
for group, command in commands:
    app.command(cls=special.get(command, CommandPage), rich_help_panel=group)(command)
app.add_typer(practice, rich_help_panel=LEARN)


def main() -> None:
    """The entry point of the program `chainrule`."""
    prepare_streams()
    if is_plain(sys.argv):
        app.rich_markup_mode = None
    leave_out_others(sys.argv[1:2])
    try:
        try:
            app(prog_name="chainrule")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # a reader such as `head` that has seen enough
        give_up_stdout()
        sys.exit(1)
    except OSError as error:  # help and version, which no command prints; or the very last words
        give_up_stdout()
        refused(error)
        sys.exit(2)


def leave_out_others(first: list[str]) -> None:
    """Typer builds every registered command at each start: where the first word names one, build that one alone."""
    asked = [command for command in app.registered_commands if command.callback.__name__ in first]  # type: ignore[union-attr]
    if asked:
        app.registered_commands, app.registered_groups = asked, []


def prepare_streams() -> None:
    """A terminal that lacks a letter shows another, a stream that is closed takes all: neither makes a command fail."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for as long as we run
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def give_up_stdout() -> None:
    """Let Python not write once more, when it ends, what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
