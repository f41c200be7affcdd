"""The help page of `chainrule` itself, and how every command fails: exit code 2 and a short message."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from .screen import WIDTH, refused, wrapped

EXAMPLES = (
    ("chainrule demo", "how it all began"),
    ("chainrule source", "six lines that learn XOR"),
    ("chainrule source 784-128-10 --optimizer adam", "a network for digits"),
    ("chainrule source 2-8-1 --language jax -o net.py", "another, as a JAX module"),
    ("chainrule train examples/iris.csv --target species", "learn from a table"),
)


class Page(TyperGroup):
    """The group of all commands: a help page of its own, and one place where errors become messages."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # a reader such as `head` that has seen enough
            raise
        except (ValueError, ArithmeticError, OSError, MemoryError, ImportError) as error:
            refused(error)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            typer.echo("\nInterrupted.", err=True)
            raise typer.Exit(130) from None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Groups of commands, the options, examples; written with the formatter, so that no box is drawn."""
        options = [record for option in self.get_params(ctx) if (record := option.get_help_record(ctx))]
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                group = getattr(command, "rich_help_panel", None) or "Commands"
                groups.setdefault(group, []).append((name, command.get_short_help_str(66)))
        sections = [*groups.items(), ("Options", options), ("Examples", list(EXAMPLES))]
        formatter.write(f"{self.help}\n\n")
        formatter.write(f"{heading('Usage:')} {ctx.command_path} COMMAND [OPTIONS]\n")
        for title, rows in sections:
            formatter.write(f"\n{heading(title)}\n")
            width = max(len(name) for name, _ in rows) + 2
            for name, text in rows:
                first, *more = wrapped(text, WIDTH - width - 2)
                formatter.write(f"  {typer.style(name.ljust(width), fg='cyan')}{first}\n")
                formatter.write("".join(f"  {' ' * width}{line}\n" for line in more))
        formatter.write(f"\n{ctx.command_path} COMMAND --help  explains a command and all its options.\n")


def heading(text: str) -> str:
    return typer.style(text, bold=True)
