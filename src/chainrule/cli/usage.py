"""A command line that cannot be understood: what is wrong with it, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from ..messages import choose_language, say
from .screen import refused

# What the parser says, in the only language that it knows; a sentence that is not here is told as it is.
SENTENCES = (
    ("command", r"No such command '(?P<given>.*)'\.$"),
    ("command_like", r"No such command '(?P<given>.*)'\. Did you mean (?P<known>.*)\?$"),
    ("option_like", r"No such option: (?P<given>.*) \(Possible options: (?P<known>.*)\)$"),
    ("option", r"No such option: (?P<given>.*)$"),
    ("no_argument", r"Missing argument (?P<name>'.*')\.$"),
    ("no_option", r"Missing option (?P<name>'.*')\.$"),
    ("no_value", r"Option (?P<name>'.*') requires an argument\.$"),
    ("needless_value", r"Option (?P<name>'.*') does not take a value\.$"),
    ("whole", r"Invalid value for (?P<name>'.*'): '(?P<given>.*)' is not a valid int(eger)?\.$"),
    ("number", r"Invalid value for (?P<name>'.*'): '(?P<given>.*)' is not a valid float\.$"),
    ("too_much", r"Got unexpected extra argument(s|\(s\))? \((?P<given>.*)\)$"),
)


@contextmanager
def told(arguments: Sequence[str], commands: Container[str]) -> Iterator[None]:
    """A command line that is refused in here ends the program: exit code 2, and what is wrong, on standard error.

    arguments   all of it; its --lang says in which language
    """
    try:
        yield
    except typer.TyperException as error:
        language = choose_language(wished(arguments))
        command = " ".join(["chainrule", *[word for word in arguments if word in commands][:1]])
        refused(ValueError(explained(error, command, language)), say("usage.error", language))
        raise typer.Exit(2) from None


def explained(error: Any, command: str, language: str) -> str:
    """What is wrong, and where it says how it is right."""
    context = getattr(error, "ctx", None)
    help_page = say("usage.help", language, command=command if context is None else context.command_path)
    message = error.format_message()
    for key, sentence in SENTENCES:
        if found := re.match(sentence, message, re.DOTALL):
            names = {name: found[name].replace("'", "") for name in found.groupdict() if name != "given"}
            message = say(f"usage.{key}", language, **{**found.groupdict(), **names})
            break
    return f"{message}\n{help_page}"


def wished(arguments: Sequence[str]) -> str | None:
    """The language that a command line asks for, also one that cannot be understood."""
    found = re.findall(r"\0--lang[\0=]([^\0]+)", "\0" + "\0".join(arguments))
    return found[-1] if found else None
