"""The C that stands for a program on the C engine: which functions, which kernel set, and what identifies it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property

from ..program.ops import Shape
from ..program.steps import Program
from ..writers import writer
from .compiler import code_of

REAL = {"float32": "float", "float64": "double"}
PREFIX = "cr_"  # in front of every name, so that none meets one of the C library
TRACE = ("trace",)
LOOKS = ("trace", "watch")
FUNCTIONS = ("step", "predict", "evaluate", "train")
ALL = (*FUNCTIONS, *TRACE)
NARROW = 16  # units of the widest layer up to which the loop over steps is the kernel
SHALLOW = 12  # weight matrices up to which that loop, with all of them inside, is compiled in seconds


def kernel_set(program: Program, threads: int = 1) -> str:
    """The kernel set for a program: a rule that depends on the layers, and on whether there may be several threads."""
    shapes = [variable.shape for variable in program.parameters.values()]
    widest = max(int(n) for shape in shapes for n in shape)
    deep = sum(len(shape) == 2 for shape in shapes)
    wide = "threads" if threads > 1 else "tiled"
    return "lanes" if widest <= NARROW and deep <= SHALLOW else wide


class Emitted:
    """Some functions of a program as one module of C.

    text        the source
    arguments   function -> the names of its arguments, in order
    """

    def __init__(self, program: Program, dtype: str, kernels: str, functions: tuple[str, ...]) -> None:
        given = {"real": REAL[dtype], "prefix": PREFIX, "rows": None}
        self.writer = writer("c", kernels)(program, **given)
        self.written = {function.name: function for function in self.writer.written(functions)}
        self.arguments = {name: tuple(self.writer.arguments(function)) for name, function in self.written.items()}
        self.text: str = self.writer.module_of(list(self.written.values()))

    def buffers(self, struct: str) -> Mapping[str, Shape]:
        """The members of scratch or trace, in order."""
        members = self.writer.layout(list(self.written.values()), struct)
        return {name: shape for name, (_, shape) in members.items()}

    @cached_property
    def identity(self) -> str:
        """Equal where the same code runs."""
        return hashlib.sha256(code_of(self.text).encode()).hexdigest()
