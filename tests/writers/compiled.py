"""Emitted C, compiled to a shared library and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.program.steps import Program
from chainrule.writers.c import CWriter
from chainrule.writers.loops import Function, count
from tests.zoo import Array, Arrays, Sample

STRICT = (
    "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wvla", "-Wdouble-promotion", "-Wstrict-prototypes",
    "-Wconversion", "-Werror",
)  # fmt: skip
FUNCTIONS = ("step", "predict", "evaluate", "trace")


def compile_c(source: str, folder: Path, *flags: str, compiler: str = "gcc", output: str = "emitted.so") -> Path:
    """Compiles a source; its warnings are the test's failure."""
    (folder / "emitted.c").write_text(source)
    library = folder / output
    linked = [] if "-c" in flags else ["-lm"]
    command = [compiler, *STRICT, *flags, str(folder / "emitted.c"), "-o", str(library), *linked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


class Compiled:
    """The functions of one emitted module over NumPy arrays, float64."""

    def __init__(self, program: Program, folder: Path, *flags: str, compiler: str = "gcc", **options: Any) -> None:
        self.writer = CWriter(program, real="double", **options)
        self.program = program
        written = self.writer.written(FUNCTIONS)
        self.functions: dict[str, Function] = {function.name: function for function in written}
        source = self.writer.module(FUNCTIONS)
        self.library = ctypes.CDLL(str(compile_c(source, folder, "-shared", "-fPIC", *flags, compiler=compiler)))
        for name in ("step", "evaluate", "trace"):
            getattr(self.library, name).restype = ctypes.c_double
        self.scratch = {struct: self.empty(struct) for struct in ("scratch", "trace")}

    def empty(self, struct: str) -> Array:
        layout = self.writer.layout(list(self.functions.values()), struct)
        rows = self.writer.rows or 1
        return np.full(max((at + count(shape, rows) for at, shape in layout.values()), default=1), np.nan)

    def call(self, function: str, inputs: Arrays, carried: Mapping[str, Array], t: int = 0, output: Any = None) -> Any:
        """Calls a function; `carried` holds w, m and h as flat arrays."""
        given: list[Any] = []
        structs = {**carried, "s": self.scratch[self.writer.struct_of(function)]}
        for name in self.writer.arguments(self.functions[function]):
            if name in ("t", "N"):
                given.append(ctypes.c_int(t if name == "t" else len(inputs["X"])))
            else:
                array = structs.get(name, inputs.get(name, output))
                assert array is not None
                assert array.flags.c_contiguous
                given.append(ctypes.c_void_p(array.ctypes.data))
        return getattr(self.library, function)(*given)

    def carry(self, given: Sample) -> dict[str, Array]:
        return {
            "w": flat(given.parameters), "m": flat(given.state), "h": np.array(list(given.hyperparameters.values()))
        }  # fmt: skip

    def trace(self, given: Sample) -> dict[str, Any]:
        """Every named step of the full program."""
        self.call("trace", given.inputs, self.carry(given), given.t)
        found = {}
        for name, (at, shape) in self.writer.layout(list(self.functions.values()), "trace").items():
            real = tuple(given.rows if n == "N" else int(n) for n in shape)
            found[name] = self.scratch["trace"][at : at + int(np.prod(real))].reshape(real)
        return found

    def steps(self, given: Sample, times: int) -> tuple[list[float], Arrays]:
        """The losses of some steps on the same rows, and the parameters and state after them."""
        carried = self.carry(given)
        losses = [self.call("step", given.inputs, carried, given.t + i) for i in range(times)]
        return losses, {**unflat(carried["w"], given.parameters), **unflat(carried["m"], given.state)}


def flat(arrays: Arrays) -> Array:
    return np.concatenate([np.ravel(array) for array in arrays.values()] or [np.zeros(1)]).astype(float)


def unflat(numbers: Array, like: Arrays) -> Arrays:
    found, at = {}, 0
    for name, array in like.items():
        found[name] = numbers[at : at + array.size].reshape(array.shape)
        at += array.size
    return found
