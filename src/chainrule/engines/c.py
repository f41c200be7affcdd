"""The C engine: compiles exactly the C that is emitted, with the system's compiler, and calls it through ctypes.

One call makes many steps, with the GIL released. What changes from run to run (rates, strengths, batch size, number of
rows) is an argument, so that a program is compiled once.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..program.steps import Program, Step
from ..writers import writer
from .compiler import library
from .engine import Array, Arrays, Batches, Engine

REAL = {"float32": "float", "float64": "double"}
PREFIX = "cr_"  # in front of every name, so that none meets one of the C library
FUNCTIONS = ("step", "predict", "evaluate", "train")
TRACE = ("trace",)
BLOCK = 1024  # rows that predict takes at a time: what a layer computes of them stays in the cache
NARROW = 16  # units of the widest layer up to which the loop over steps is the kernel
Pointer = ctypes.c_void_p


class Scratch(threading.local):
    """Memory for the values on the way, for each thread its own, as large as the largest call so far."""

    rows = 0
    memory: Array
    members: Any = None


class Loaded:
    """An emitted module, compiled, and what its functions take."""

    def __init__(self, program: Program, dtype: np.dtype[Any], kernels: str, functions: tuple[str, ...]) -> None:
        given = {"real": REAL[dtype.name], "prefix": PREFIX, "rows": None}
        self.writer = writer("c", kernels)(program, **given)
        written = {function.name: function for function in self.writer.written(functions)}
        self.arguments = {name: tuple(self.writer.arguments(function)) for name, function in written.items()}
        self.text: str = writer("c", kernels)(program, **given).module(functions)
        self.library = library(self.text)
        self.dtype, self.scratch = dtype, Scratch()
        self.struct = "trace" if functions == TRACE else "scratch"
        buffers = self.writer.layout(list(written.values()), self.struct)
        self.buffers = {name: shape for name, (_, shape) in buffers.items()}
        real = ctypes.c_float if dtype == np.float32 else ctypes.c_double
        for name in written:
            found = getattr(self.library, PREFIX + name)
            found.restype = real if name in ("step", "evaluate", "trace") else None
        if self.buffers:
            self.size_of = getattr(self.library, f"{PREFIX}{self.struct}_bytes")
            self.size_of.restype = ctypes.c_size_t
            self.attach = getattr(self.library, PREFIX + ("attach_trace" if functions == TRACE else "attach"))
            self.attach.restype = None

    def scratch_for(self, rows: int) -> Pointer:
        """The scratch struct of this thread, with room for so many rows."""
        mine = self.scratch
        if mine.members is None or mine.rows < rows:
            mine.rows = max(rows, 1)
            if not self.buffers:
                mine.memory, mine.members = np.zeros(1, self.dtype), (Pointer * 1)()
            else:
                numbers = self.size_of(ctypes.c_int(mine.rows)) // self.dtype.itemsize
                mine.memory = np.zeros(max(1, numbers) + 16, self.dtype)
                mine.members = (Pointer * len(self.buffers))()
                self.attach(mine.members, address(mine.memory), ctypes.c_int(mine.rows))
        return ctypes.cast(mine.members, Pointer)

    def kept(self, rows: int) -> Arrays:
        """The named values that the last call of this thread left in scratch, copied."""
        mine, found = self.scratch, {}
        for (name, shape), start in zip(self.buffers.items(), mine.members, strict=True):
            real = tuple(rows if n == "N" else int(n) for n in shape)
            begin = ((start or 0) - mine.memory.ctypes.data) // self.dtype.itemsize
            found[name] = mine.memory[begin : begin + int(np.prod(real))].reshape(real).copy()
        return found


class CEngine(Engine):
    """Runs the emitted C.

    kernels     the kernel set behind the calls of the step: plain, tiled, lanes, or auto: lanes where no layer is wider
                than a few registers, else tiled
    """

    name = "c"

    def __init__(self, program: Program, dtype: str = "float32", kernels: str = "auto") -> None:
        super().__init__(program, dtype)
        self.kernels = kernel_set(program) if kernels == "auto" else kernels
        self.main = Loaded(program, self.dtype, self.kernels, FUNCTIONS)
        self.tracer: Loaded | None = None
        self.outputs = int(program.inputs["y"][1])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.program, self.dtype.name, self.kernels)

    def source(self) -> str:
        return self.main.text

    def run(
        self,
        inputs: Mapping[str, Array],
        batches: Batches,
        masks: Arrays,
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Array:
        losses = np.empty(len(batches))
        if not len(batches):
            return losses
        most = int(batches.sizes.max())
        width = sum(array.shape[1] for array in inputs.values())
        batch = np.empty(most * width if batches.rows is not None else 1, self.dtype)
        offsets = np.ascontiguousarray(batches.offsets, np.int64)
        rows = None if batches.rows is None else np.ascontiguousarray(batches.rows, np.int64)
        with Flat(parameters, self.dtype) as w, Flat(state, self.dtype) as m:
            settings = np.array([hyperparameters[name] for name in self.program.hyperparameters], self.dtype)
            given = {
                "w": w.pointer, "m": m.pointer, "s": self.main.scratch_for(most), "h": address(settings),
                "t": ctypes.c_longlong(t), "steps": ctypes.c_longlong(len(batches)), "offsets": address(offsets),
                "rows": None if rows is None else address(rows), "batch": address(batch), "losses": address(losses),
            }  # fmt: skip
            given |= {name: address(array) for name, array in (*inputs.items(), *masks.items())}
            self.main.library.cr_train(*(given[name] for name in self.main.arguments["train"]))
        return losses

    def predict(self, X: Array, parameters: Arrays, state: Arrays) -> Array:
        output = np.empty((len(X), self.outputs), self.dtype)
        self.in_blocks("predict", X, None, output, parameters, state)
        return output

    def row_predictor(self, parameters: Arrays, state: Arrays) -> Callable[[Any], Array]:
        """A function from one row (D,) to its output (K,), with every address worked out beforehand.

        It reads the weights as they are when it is called, and is for one thread.
        """
        row, output = np.empty((1, int(self.program.inputs["X"][1])), self.dtype), np.empty(self.outputs, self.dtype)
        w, m = Flat(parameters, self.dtype), Flat(state, self.dtype)
        kept = np.zeros(int(self.main.size_of(ctypes.c_int(1))) // self.dtype.itemsize + 16, self.dtype)
        members = (Pointer * max(1, len(self.main.buffers)))()
        if self.main.buffers:
            self.main.attach(members, address(kept), ctypes.c_int(1))
        given = {"w": w.pointer, "m": m.pointer, "s": ctypes.cast(members, Pointer), "N": ctypes.c_int(1)}
        given |= {"X": address(row), self.program.prediction: address(output)}
        call = partial(self.main.library.cr_predict, *(given[name] for name in self.main.arguments["predict"]))
        place, result = row[0], output.copy

        def predict(values: Any, held: Any = (w, m, kept, members)) -> Array:
            place[:] = values
            call()
            return result()

        return predict

    def evaluate_block(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        output = np.empty((len(X), self.outputs), self.dtype)
        return output, self.in_blocks("evaluate", X, y, output, parameters, state)

    def in_blocks(
        self, function: str, X: Array, y: Array | None, output: Array, parameters: Arrays, state: Arrays
    ) -> float:
        """Calls predict or evaluate on blocks of rows; returns the loss of all."""
        called, total, count = getattr(self.main.library, PREFIX + function), 0.0, len(X)
        sums = self.program.declaration.loss.reduction == "sum"
        s = self.main.scratch_for(min(count, BLOCK))
        with Flat(parameters, self.dtype) as w, Flat(state, self.dtype) as m:
            for start in range(0, count, BLOCK):
                rows = min(BLOCK, count - start)
                given = {"w": w.pointer, "m": m.pointer, "s": s, "N": ctypes.c_int(rows)}
                given |= {"X": address(X, start), self.program.prediction: address(output, start)}
                given |= {"y": address(y, start)} if y is not None else {}
                loss = called(*(given[name] for name in self.main.arguments[function]))
                total += 0.0 if loss is None else loss * (1.0 if sums else rows / count)
        return total

    def trace(
        self,
        inputs: Mapping[str, Array],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Arrays:
        if self.tracer is None:
            self.tracer = Loaded(self.program, self.dtype, self.kernels, TRACE)
        rows = len(inputs["X"])
        settings = np.array([hyperparameters[name] for name in self.program.hyperparameters], self.dtype)
        with Flat(parameters, self.dtype) as w, Flat(state, self.dtype) as m:
            given = {
                "w": w.pointer, "m": m.pointer, "s": self.tracer.scratch_for(rows), "h": address(settings),
                "t": ctypes.c_int(t), "N": ctypes.c_int(rows),
            }  # fmt: skip
            given |= {name: address(array) for name, array in inputs.items()}
            self.tracer.library.cr_trace(*(given[name] for name in self.tracer.arguments["trace"]))
        values = self.tracer.kept(rows)
        return {step.name: values[step.name] for step in self.program.full.steps if isinstance(step, Step)}


def kernel_set(program: Program) -> str:
    """The kernel set for a program: a rule that depends on the widths alone."""
    widths = [int(n) for variable in program.parameters.values() for n in variable.shape]
    return "lanes" if max(widths) <= NARROW else "tiled"


class Flat:
    """Arrays as the members of a struct: one after another in memory. Those that lie so already are used in place."""

    def __init__(self, arrays: Arrays, dtype: np.dtype[Any]) -> None:
        self.arrays, self.copied = arrays, False
        end = None
        for array in arrays.values():
            begin = array.__array_interface__["data"][0]
            if (end is not None and begin != end) or array.dtype != dtype or not array.flags.c_contiguous:
                self.copied = True
                break
            end = begin + array.nbytes
        if self.copied:
            self.memory = np.concatenate([array.ravel() for array in arrays.values()]).astype(dtype)
            self.pointer: Any = address(self.memory)
        else:
            self.pointer = address(next(iter(arrays.values()))) if arrays else None

    def __enter__(self) -> Flat:
        return self

    def __exit__(self, *error: object) -> None:
        if self.copied:
            begin = 0
            for array in self.arrays.values():
                array[...] = self.memory[begin : begin + array.size].reshape(array.shape)
                begin += array.size


def address(array: Array, row: int = 0) -> Pointer:
    """Where an array, or one of its rows, begins."""
    return Pointer(array.__array_interface__["data"][0] + row * (array.strides[0] if array.ndim else 0))
