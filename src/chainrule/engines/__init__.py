"""Engines: source becomes running code. One file an engine; all run exactly the source that the writers write."""

from __future__ import annotations

import os
import warnings
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .compiler import CompilerError, ThreadsError, allowed, find_compiler, no_compiler

if TYPE_CHECKING:
    from ..program.steps import Program
    from .engine import Engine

MOST_THREADS = 64
ENGINES = {"c": "CEngine", "numpy": "NumPyEngine", "reference": "ReferenceEngine"}


def choose(name: str) -> str:
    """The engine that a name stands for: `auto` is c where a compiler exists and may be used, else numpy.

    Raises
        ValueError: an unknown name (the message lists the known ones).
        CompilerError: c where there is no compiler, or where CHAINRULE_ENGINE=numpy forbids it.
    """
    if name not in ("auto", *ENGINES):
        raise ValueError(f"unknown engine '{name}'; known: auto, {', '.join(ENGINES)}")
    if name == "auto":
        return "c" if allowed() and has_compiler() else "numpy"
    if name == "c" and not allowed():
        raise CompilerError("CHAINRULE_ENGINE=numpy forbids compiling: unset it, or use engine='numpy'")
    return name


def has_compiler() -> bool:
    if find_compiler() is not None:
        return True
    say_once(f"engine 'auto' uses NumPy, which is much slower: {no_compiler()}")
    return False


@lru_cache(maxsize=32)
def say_once(message: str) -> None:
    """A warning, the first time."""
    warnings.warn(message, RuntimeWarning, stacklevel=4)


def make_engine(
    program: Program,
    name: str | Engine = "auto",
    dtype: str = "float32",
    *,
    library: str | os.PathLike[str] | None = None,
    threads: int = 1,
    **options: Any,
) -> Engine:
    """A program made ready to run; `auto` falls back to NumPy, and says so, where compiling fails.

    name        an engine by name; or one that runs a program with the same steps already, whatever its rates
    library     a file that `chainrule build` wrote, for the C engine: nothing is compiled, so CHAINRULE_ENGINE=numpy
                does not forbid it; one that does not fit is refused, whatever the engine
    threads     at most so many make a step of the C engine together; NumPy has threads of its own

    Raises
        ValueError: an unknown engine, or an option that it does not have.  ThreadsError: no POSIX threads here.
    """
    if not is_number_of_threads(threads):
        raise ValueError(f"threads must be a whole number from 1 to {MOST_THREADS}, not {threads!r}")
    if not isinstance(name, str):
        if not hasattr(name, "program"):
            raise ValueError(f"unknown engine {name!r}; known: auto, {', '.join(ENGINES)}")
        if name.program.steps != program.steps or name.dtype.name != dtype:
            raise ValueError(f"the engine given runs another program, or not in {dtype}")
        return name
    if library is not None:
        if name not in ("auto", "c"):
            raise ValueError(f"library is for engine 'c', not '{name}'")
        return load("c", program, dtype, library=library, threads=threads, **options)
    if threads > 1 and name not in ("auto", "c"):
        raise ValueError(f"threads is for engine 'c', not '{name}'")
    chosen = choose(name)
    options |= {"threads": threads} if chosen == "c" else {}
    try:
        return load(chosen, program, dtype, **options)
    except ThreadsError:
        raise
    except CompilerError as error:
        if name != "auto":
            raise
        say_once(f"engine 'auto' uses NumPy: {error}")
        return load("numpy", program, dtype)


def is_number_of_threads(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_THREADS


def load(name: str, program: Program, dtype: str, **options: Any) -> Engine:
    made: Engine = getattr(import_module(f".{name}", __name__), ENGINES[name])(program, dtype, **options)
    return made
