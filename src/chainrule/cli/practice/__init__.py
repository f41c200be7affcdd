"""`chainrule practice`: exercises as files, a checker, a ladder with progress, and grading for teachers."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from ..page import CommandPage, Words, paragraphs
from .check import check, watch
from .exercises import ladder, new, next_
from .grade import grade


class Group(TyperGroup):
    """`practice check`, `practice next`, ...; what is no command is a network or a number: `practice 3-4-1`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = ["new", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        write = Words(ctx, formatter)
        for paragraph in paragraphs(self.help):
            write.paragraph(paragraph)
        write.usage(f"{ctx.command_path} [NETWORK] | COMMAND [OPTIONS]")
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        write.rows("Commands", [(name, write.told(paragraphs(found.help)[0])) for name, found in commands if found])


practice = typer.Typer(
    name="practice",
    cls=Group,
    rich_markup_mode="rich",
    help="Rebuild a training step from memory; checked quantity by quantity.",
    context_settings={"help_option_names": ["--help", "-h"]},
)
for command in (new, check, watch, next_, ladder, grade):
    practice.command(command.__name__.rstrip("_"), cls=CommandPage)(command)
