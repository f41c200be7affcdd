"""Emitted C, compiled to a shared library and called through ctypes; one program or several in one unit."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.engines.engine import Batches
from chainrule.program.steps import Program
from chainrule.writers import writer
from chainrule.writers.c import CWriter
from chainrule.writers.loops import Function, count
from tests.tools import find_tool
from tests.zoo import Array, Arrays, Sample

STRICT = (
    "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wvla", "-Wdouble-promotion", "-Wstrict-prototypes",
    "-Wconversion", "-Werror",
)  # fmt: skip
EXTENDED = (  # tiles and lanes use extensions of GCC and Clang
    "-std=gnu99", "-Wall", "-Wextra", "-Wshadow", "-Wvla", "-Wdouble-promotion", "-Wstrict-prototypes", "-Werror",
    "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-pthread",
)  # fmt: skip
SHARED = ("-shared", "-fPIC", "-Wl,-Bsymbolic")  # or `train` would call the `step` of the C library
FUNCTIONS = ("step", "predict", "evaluate", "trace")


def flags_for(kernels: str) -> tuple[str, ...]:
    return STRICT if kernels == "plain" else EXTENDED


def compile_c(
    source: str,
    folder: Path,
    *flags: str,
    compiler: str = "gcc",
    output: str = "emitted.so",
    strict: tuple[str, ...] = STRICT,
) -> Path:
    """Compiles a source; its warnings are the test's failure."""
    (folder / "emitted.c").write_text(source)
    library = folder / output
    linked = [] if "-c" in flags else ["-lm"]
    command = [find_tool(compiler), *strict, *flags, str(folder / "emitted.c"), "-o", str(library), *linked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


def together(modules: Mapping[str, str]) -> str:
    """Modules with these prefixes, all of one number type, as one translation unit: what they share stands there once.

    A function of the file's own that is the same in several (tiles, softmax) is kept where it comes first; one that is
    another under the same name gets the prefix that the functions for others have already.
    """
    known: dict[str, str] = {}  # what has been said already -> what it is called here
    taken: set[str] = set()
    found = []
    for prefix, text in modules.items():
        text = text.replace(f"typedef {prefix}real real;", "").replace(f"{prefix}real", "real")
        called: dict[str, str] = {}
        for part in re.split(r"\n(?=\n|(?:static|INLINE|typedef|enum) )", text):
            for old, new in called.items():
                part = re.sub(rf"\b{old}\(", f"{new}(", part)
            defined = re.search(r"^(?:static|INLINE) [^=;{]*?\b(\w+)\(", part, re.MULTILINE)
            name = defined[1] if defined else ""
            if part.strip() in known and part[1:2] != " ":  # and no part of a body
                called |= {name: known[part.strip()]} if name else {}
                continue
            known[part.strip()] = name
            if name and name in taken:
                known[part.strip()] = called[name] = prefix + name
                part = part.replace(f"{name}(", f"{prefix}{name}(", 1)
            found.append(part)
        taken |= {*known.values()}
    return "\n".join(found) + "\n"


class Compiled:
    """The functions of one emitted module over NumPy arrays; `library` where it is compiled already, with others."""

    def __init__(
        self,
        program: Program,
        folder: Path | None = None,
        *flags: str,
        compiler: str = "gcc",
        functions: Sequence[str] = FUNCTIONS,
        real: str = "double",
        most: int = 32,
        kernels: str = "plain",
        library: Path | None = None,
        **options: Any,
    ) -> None:
        self.writer: CWriter = writer("c", kernels)(program, real=real, **options)
        self.program, self.dtype = program, np.dtype("float64" if real == "double" else "float32")
        written = self.writer.written(functions)
        self.functions: dict[str, Function] = {function.name: function for function in written}
        if library is None:
            assert folder is not None
            source = self.writer.module(functions)
            library = compile_c(source, folder, *SHARED, *flags, compiler=compiler, strict=flags_for(kernels))
        self.library = ctypes.CDLL(str(library))
        for name in {"step", "evaluate", "trace"} & set(functions):
            self.function(name).restype = ctypes.c_double if real == "double" else ctypes.c_float
        self.most = most if self.writer.rows is None else self.writer.rows
        self.memory = {struct: self.empty(struct) for struct in ("scratch", "trace")}
        self.scratch = dict(self.memory)
        if self.writer.rows is None:
            self.scratch |= {struct: self.attached(struct) for struct in ("scratch", "trace")}

    def function(self, name: str) -> Any:
        return getattr(self.library, self.writer.prefix + name)

    def layout(self, struct: str) -> Mapping[str, tuple[int, Any]]:
        return self.writer.layout(list(self.functions.values()), struct, self.most)

    def empty(self, struct: str) -> Array:
        ends = (at + count(shape, self.most) for at, shape in self.layout(struct).values())
        return np.full(max(ends, default=1), np.nan, self.dtype)

    def attached(self, struct: str) -> Array:
        """A struct of pointers into the memory, as `attach` fills it."""
        pointers = np.zeros(max(1, len(self.layout(struct))), np.uint64)
        if not self.layout(struct):
            return pointers
        size = self.function(f"{struct}_bytes")
        size.restype = ctypes.c_size_t
        assert size(self.most) == self.memory[struct].nbytes
        attach = self.function("attach" if struct == "scratch" else f"attach_{struct}")
        attach.restype = None
        attach(address(pointers), address(self.memory[struct]), self.most)
        at = [self.memory[struct].ctypes.data + at * self.dtype.itemsize for at, _ in self.layout(struct).values()]
        assert pointers.tolist() == at
        return pointers

    def call(self, function: str, inputs: Arrays, carried: Mapping[str, Array], t: int = 0, output: Any = None) -> Any:
        """Calls a function; `carried` holds w, m and h as flat arrays."""
        given: list[Any] = []
        inputs = {name: np.ascontiguousarray(array, self.dtype) for name, array in inputs.items()}
        structs = {**carried, "s": self.scratch[self.writer.struct_of(function)]}
        for name in self.writer.arguments(self.functions[function]):
            if name in ("t", "N"):
                given.append(ctypes.c_int(t if name == "t" else len(inputs["X"])))
            else:
                array = structs.get(name, inputs.get(name, output))
                assert array is not None
                given.append(address(array))
        return self.function(function)(*given)

    def carry(self, given: Sample) -> dict[str, Array]:
        groups: dict[str, Mapping[str, Any]] = {
            "w": given.parameters, "m": given.state, "h": given.hyperparameters
        }  # fmt: skip
        return {letter: flat(arrays).astype(self.dtype) for letter, arrays in groups.items()}

    def trace(self, given: Sample) -> dict[str, Any]:
        """Every named step of the full program."""
        self.call("trace", given.inputs, self.carry(given), given.t)
        found = {}
        for name, (at, shape) in self.layout("trace").items():
            real = tuple(given.rows if n == "N" else int(n) for n in shape)
            found[name] = self.memory["trace"][at : at + int(np.prod(real))].reshape(real)
        return found

    def steps(self, given: Sample, times: int) -> tuple[list[float], Arrays]:
        """The losses of some steps on the same rows, and the parameters and state after them."""
        carried = self.carry(given)
        losses = [self.call("step", given.inputs, carried, given.t + i) for i in range(times)]
        return losses, {**unflat(carried["w"], given.parameters), **unflat(carried["m"], given.state)}

    def train(self, given: Sample, batches: Batches, masks: Arrays, threads: int = 1) -> tuple[Array, Arrays]:
        """The same of steps on batches, in one call."""
        carried, losses = self.carry(given), np.full(len(batches), np.nan)
        row = sum(int(array.shape[1]) for name, array in given.inputs.items() if name not in masks)
        batch = np.full(batches.largest * row, np.nan, self.dtype)
        known: dict[str, Array | None] = {
            **carried,
            "s": self.scratch["scratch"],
            "offsets": batches.offsets,
            "losses": losses,
        }
        inputs = {k: np.ascontiguousarray(a, self.dtype) for k, a in {**given.inputs, **masks}.items()}
        known |= {"rows": batches.rows, "batch": None if batches.rows is None else batch, **inputs}
        numbers = {"t": given.t, "steps": len(batches), "threads": threads}
        arguments = list(self.writer.arguments(self.functions["train"]))
        assert [name for name in arguments if name != "threads"][-2:] == ["batch", "losses"]
        taken = [ctypes.c_longlong(numbers[n]) if n in numbers else address(known[n]) for n in arguments]
        self.function("train").restype = None
        self.function("train")(*taken)
        return losses, {**unflat(carried["w"], given.parameters), **unflat(carried["m"], given.state)}


def address(array: Array | None) -> Any:
    if array is None:
        return None
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def flat(arrays: Mapping[str, Any]) -> Array:
    return np.concatenate([np.ravel(array) for array in arrays.values()] or [np.zeros(1)]).astype(float)


def unflat(numbers: Array, like: Arrays) -> Arrays:
    found, at = {}, 0
    for name, array in like.items():
        found[name] = numbers[at : at + array.size].reshape(array.shape)
        at += array.size
    return found
