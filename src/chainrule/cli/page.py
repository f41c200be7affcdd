"""The help pages, in the reader's language, and how every command fails: exit code 2 and a short message.

The English text of an option stands where the option is declared; the catalogues hold it under `help.` and that text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ..messages import choose_language, say
from ..messages.columns import width_of
from .screen import WIDTH, refused, wrapped
from .usage import told

WIDEST_NAME = 30  # columns; what is wider stands on a line of its own
EXAMPLES = (
    ("chainrule demo", "how it all began"),
    ("chainrule source", "six lines that learn XOR"),
    ("chainrule source 784-128-10 --optimizer adam", "a network for digits"),
    ("chainrule source 2-8-1 --language jax -o net.py", "another, as a JAX module"),
    ("chainrule train examples/iris.csv --target species", "learn from a table"),
    ('chainrule descend "x^2 - 4x + 6" --from 8', "go down a curve"),
)
MORE = "chainrule COMMAND --help explains a command and all its options."
OWN_WORDS = ("Usage:", "Arguments", "Options", "Commands", "Examples", "required", "default: {value}", MORE)
Rows = Sequence[tuple[str, str]]


class CommandPage(TyperCommand):
    """A command and its help page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """What it does, how it is called, then its arguments and options, group by group."""
        write = Words(ctx, formatter)
        for paragraph in paragraphs(self.help):
            write.paragraph(paragraph)
        write.usage(" ".join((ctx.command_path, *self.collect_usage_pieces(ctx))))
        write.parameters(self.get_params(ctx))


class Page(TyperGroup):
    """The group of all commands: its help page, and one place where errors become messages."""

    arguments: Sequence[str] = ()

    def make_context(self, info_name: Any, args: list[str], *more: Any, **extra: Any) -> Any:
        self.arguments = tuple(args)
        with told(self.arguments, self.commands):
            return super().make_context(info_name, args, *more, **extra)

    def invoke(self, ctx: Any) -> Any:
        try:
            with told(self.arguments, self.commands):
                return super().invoke(ctx)
        except BrokenPipeError:  # a reader such as `head` that has seen enough
            raise
        except (ValueError, ArithmeticError, OSError, MemoryError, ImportError) as error:
            refused(error)
            raise typer.Exit(2) from None
        except RuntimeError as error:
            from ..engines.compiler import CompilerError

            if not isinstance(error, CompilerError):
                raise
            refused(error)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            typer.echo("\nInterrupted.", err=True)
            raise typer.Exit(130) from None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Groups of commands, the options, examples."""
        write = Words(ctx, formatter)
        for paragraph in paragraphs(self.help):
            write.paragraph(paragraph)
        write.usage(f"{ctx.command_path} COMMAND [OPTIONS]")
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                group = getattr(command, "rich_help_panel", None) or "Commands"
                groups.setdefault(group, []).append((name, write.told(paragraphs(command.help)[0])))
        for group, rows in groups.items():
            write.rows(group, rows)
        write.parameters(self.get_params(ctx))
        write.rows("Examples", [(example, write.told(text)) for example, text in EXAMPLES], widest=WIDTH)
        write.paragraph(MORE)


class Words:
    """Writes a help page in one language."""

    def __init__(self, ctx: Any, formatter: Any) -> None:
        self.ctx, self.write = ctx, formatter.write
        self.plain = ctx.command.rich_markup_mode is None
        self.language = choose_language((ctx.obj or {}).get("lang"))

    def told(self, text: str, **values: object) -> str:
        """An English text in this language."""
        return say(f"help.{text}", self.language, **values)

    def styled(self, text: str, **style: Any) -> str:
        return text if self.plain else typer.style(text, **style)

    def paragraph(self, text: str) -> None:
        self.write("".join(f"{line}\n" for line in wrapped(self.told(text), WIDTH)) + "\n")

    def usage(self, line: str) -> None:
        self.write(f"{self.styled(self.told('Usage:'), bold=True)} {line}\n\n")

    def parameters(self, parameters: Sequence[Any]) -> None:
        """Arguments and options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in parameters:
            record = parameter.get_help_record(self.ctx)
            if record is not None:
                groups.setdefault(group_of(parameter), []).append((record[0], self.about(parameter)))
        for group, rows in groups.items():
            self.rows(group, rows)

    def about(self, parameter: Any) -> str:
        """What it is for, and what holds without it."""
        usual = parameter.show_default if isinstance(parameter.show_default, str) else None
        if parameter.required:
            extra = self.told("required")
        elif usual is not None:
            extra = self.told("default: {value}", value=self.told(usual))
        elif parameter.show_default and parameter.default is not None and parameter.default is not False:
            usual = parameter.opts[0].lstrip("-") if parameter.default is True else str(parameter.default)
            extra = self.told("default: {value}", value=usual)
        else:
            return self.told(parameter.help)
        return f"{self.told(parameter.help)} [{extra}]"

    def rows(self, title: str, rows: Rows, widest: int = WIDEST_NAME) -> None:
        """A heading and, below it, names and what they mean in two columns."""
        self.write(f"{self.styled(self.told(title), bold=True)}\n")
        width = max(min(width_of(name), widest) for name, _ in rows) + 2
        for name, text in rows:
            lines = wrapped(text, WIDTH - width - 2)
            if width_of(name) + 2 > width:
                lines = ["", *lines]
            self.write(f"  {self.styled(name.ljust(width), fg='cyan')}{lines[0]}".rstrip() + "\n")
            self.write("".join(f"  {' ' * width}{line}\n" for line in lines[1:]))
        self.write("\n")


def group_of(parameter: Any) -> str:
    usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
    return getattr(parameter, "rich_help_panel", None) or usual


def paragraphs(docstring: str | None) -> list[str]:
    """The paragraphs of a docstring, each a line."""
    return [" ".join(paragraph.split()) for paragraph in (docstring or "").split("\n\n")]

