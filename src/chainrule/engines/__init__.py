"""Engines: source becomes running code. One file an engine; all run exactly the source that the writers write."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..program.steps import Program
    from .engine import Engine

ENGINES = {"numpy": "NumPyEngine", "reference": "ReferenceEngine"}


def choose(name: str) -> str:
    """The engine that `auto` stands for.  ValueError: an unknown name (the message lists the known ones)."""
    if name == "auto":
        return "numpy"
    if name not in ENGINES:
        raise ValueError(f"unknown engine '{name}'; known: auto, {', '.join(ENGINES)}")
    return name


def make_engine(program: Program, name: str = "auto", dtype: str = "float32", **options: Any) -> Engine:
    """A program made ready to run."""
    chosen = choose(name)
    made: Engine = getattr(import_module(f".{chosen}", __name__), ENGINES[chosen])(program, dtype, **options)
    return made
