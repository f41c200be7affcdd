"""A program compiled ahead of time, into a file for hosts that may not compile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..data import shown_path
from ..engines.built import Built, LibraryError, Record
from ..engines.built import build as compiled
from ..files import FileError, Model, check_target, replace_file
from ..training.inputs import check_dtype, check_program

if TYPE_CHECKING:
    from ..program.steps import Program
    from .predictor import Predictor


def build(
    what: Program | Model | Predictor,
    path: str | os.PathLike[str],
    *,
    target: str | None = None,
    dtype: str | None = None,
    kernels: str = "auto",
) -> Record:
    """Compile a program into a library: `engine="c", library=path` runs it where there is no compiler.

        cr.build(run.program, "model.so", target="x86-64-v3")
        cr.Training(program, X, y, library="model.so")                  # elsewhere: the same layers, loss, optimizer

    Rates, penalty strengths, batch size and the number of rows are free; all else is part of the program.

    what        a program, or a model: the program that it was trained with
    target      the least processor, as -march of the compiler has it: x86-64-v3, armv8-a, native. By default x86-64-v3
                where the compiler is for x86-64 (nearly every one since 2015), elsewhere native, the processor here
    dtype       float32 or float64; by default the model's, of a program float32
    kernels     plain, tiled, lanes, threads, or auto: as the C engine chooses

    Raises
        CompilerError: no compiler, one that fails or does not know the target.
        FileError: the library cannot be written, or there is a file that is none.
    """
    file = Path(path)
    check_library_target(file)
    if hasattr(what, "model"):
        what = what.model
    program = check_program(what.network.derive() if isinstance(what, Model) else what)
    found = what.dtype if isinstance(what, Model) else "float32"
    record, content = compiled(program, check_dtype(dtype or found), kernels, target)
    replace_file(file, content)
    return record


def check_library_target(path: Path, option: str = "the library") -> None:
    """Refuse, before any work, a place where no library can be written, or where something else is."""
    check_target(path, option)
    if path.exists():
        try:
            Built(path)
        except LibraryError as error:
            if path.stat().st_size:
                raise FileError(
                    f"{option} {shown_path(path)}: there is a file that is no library of ours; choose another name"
                ) from error
