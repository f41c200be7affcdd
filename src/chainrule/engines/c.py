"""The C engine: compiles exactly the C that is emitted, with the system's compiler, and calls it through ctypes.

One call makes many steps, with the GIL released. What changes from run to run (rates, strengths, batch size, number of
rows) is an argument, so that a program is compiled once.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ..program.steps import Program, Step
from .built import Built
from .compiler import ThreadsError, library
from .emitted import ALL, FUNCTIONS, LOOKS, PREFIX, TRACE, Emitted, kernel_set
from .engine import Array, Arrays, Batches, Engine, aligned
from .looks import Looks, Seen
from .numpy import LOOKS as NUMPY_LOOKS
from .numpy import NumPyEngine

BLOCK = 1024  # rows that predict takes at a time: what a layer computes of them stays in the cache
PRODUCTS_A_THREAD = 2_000_000  # weights times rows of a step: with fewer, threads wait longer than they work
BLOCKS_A_THREAD = 2
MOST = 2**31 - 1  # what an int of the emitted C counts to
Pointer = ctypes.c_void_p


class Scratch(threading.local):
    """Memory for the values on the way, for each thread its own, as large as the largest call so far."""

    rows = 0
    memory: Array
    members: Any = None


class Loaded:
    """An emitted module in memory, compiled, and what its functions take; `struct` is where values go on the way."""

    def __init__(self, emitted: Emitted, loaded: ctypes.CDLL, dtype: np.dtype[Any], struct: str) -> None:
        self.arguments, self.text, self.library = emitted.arguments, emitted.text, loaded
        self.dtype, self.struct, self.scratch = dtype, struct, Scratch()
        self.buffers = emitted.buffers(struct)
        real = ctypes.c_float if dtype == np.float32 else ctypes.c_double
        for name in emitted.written:
            if name in ("step", "evaluate", "trace"):
                getattr(loaded, PREFIX + name).restype = real
            elif name in ("predict", "train", "watch"):
                getattr(loaded, PREFIX + name).restype = None  # by default ctypes makes a number of what is left over
        if self.buffers:
            self.size_of = getattr(loaded, f"{PREFIX}{struct}_bytes")
            self.size_of.restype = ctypes.c_size_t
            self.attach = getattr(loaded, PREFIX + ("attach_trace" if struct == "trace" else "attach"))
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
                mine.memory = aligned(max(1, numbers) + 16, self.dtype)
                mine.members = (Pointer * len(self.buffers))()
                self.attach(mine.members, address(mine.memory), ctypes.c_int(mine.rows))
        return ctypes.cast(mine.members, Pointer)

    def places(self, rows: int, names: Iterable[str]) -> dict[str, tuple[int, tuple[int, ...]]]:
        """Where named values of so many rows lie in scratch, an address and a shape."""
        members = dict(zip(self.buffers, self.scratch.members, strict=True))
        shapes = {name: tuple([rows if n == "N" else int(n) for n in self.buffers[name]]) for name in names}
        return {name: (members[name] or 0, shape) for name, shape in shapes.items()}

    def kept(self, rows: int, names: Iterable[str]) -> Arrays:
        """Named values that the last call of this thread left in scratch, copied."""
        mine = self.scratch
        base, size = mine.memory.__array_interface__["data"][0], self.dtype.itemsize
        found = {}
        for name, (place, shape) in self.places(rows, names).items():
            begin = (place - base) // size
            found[name] = mine.memory[begin : begin + math.prod(shape)].reshape(shape).copy()
        return found


class CEngine(Engine):
    """Runs the emitted C.

    kernels     the kernel set behind the calls of the step: plain, tiled, lanes, or auto: see `kernel_set`
    library     a file that `chainrule build` wrote: nothing is compiled, and the kernel set is that of the file
    functions   of the emitted module: FUNCTIONS; LOOKS for an engine that only looks
    threads     how many make a step together, where it has work for them, and predict blocks of rows; two, three and
                more give the same numbers to the bit, and those of one thread but for the last digits

    Raises
        CompilerError: no compiler, or one that fails.  LibraryError: a library that does not fit.
    """

    name = "c"

    def __init__(
        self,
        program: Program,
        dtype: str = "float32",
        kernels: str = "auto",
        library: str | os.PathLike[str] | None = None,
        functions: tuple[str, ...] = FUNCTIONS,
        threads: int = 1,
    ) -> None:
        super().__init__(program, dtype)
        large = [name for name, v in program.parameters.items() if math.prod(int(n) for n in v.shape) > MOST]
        if large:
            raise ValueError(f"{large[0]} has more than {MOST:,} numbers, too many for engine='c': use engine='numpy'")
        self.asked, self.threads = (kernels, library, functions, threads), threads
        self.built = None if library is None else Built(library)
        if self.built is not None:
            self.kernels = self.built.record.kernels
            if threads > 1 and self.kernels in ("plain", "tiled"):
                name = self.built.name
                raise ThreadsError(f"{name}: it is for one thread; use threads=1, or chainrule build --kernels threads")
        else:
            self.kernels = kernel_set(program, threads) if kernels == "auto" else kernels
        self.main = self.loaded(functions)
        self.tracer = self.main if functions == LOOKS else None
        self.outputs = int(program.inputs["y"][1])

    def loaded(self, functions: tuple[str, ...]) -> Loaded:
        """These functions, compiled now, or out of the library, which has all of them."""
        struct = "trace" if TRACE[0] in functions else "scratch"
        emitted = Emitted(self.program, self.dtype.name, self.kernels, functions if self.built is None else ALL)
        if self.built is None:
            return Loaded(emitted, library(emitted.text), self.dtype, struct)
        self.built.check(self.program, self.dtype.name, emitted.identity)
        return Loaded(emitted, self.built.load(), self.dtype, struct)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.program, self.dtype.name, *self.asked)

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
        with self.training(inputs, batches, masks, parameters, state, t, hyperparameters) as (given, losses):
            if len(batches):
                self.main.library.cr_train(*given.values())
        return losses

    def watch(
        self,
        looks: Looks,
        inputs: Mapping[str, Array],
        batches: Batches,
        masks: Arrays,
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> tuple[Array, Seen]:
        other = looks.engine
        if not isinstance(other, CEngine) or other.tracer is None:
            return super().watch(looks, inputs, batches, masks, parameters, state, t, hyperparameters)
        tracer, rows = other.main, len(looks.inputs["X"])
        other.check_rows(rows)
        seen, places = tracer.scratch_for(rows), tracer.places(rows, looks.names)
        after = looks.after(t, len(batches))
        sizes = [math.prod(shape) for _, shape in places.values()]
        values = np.empty((len(after), sum(sizes)), self.dtype)
        lengths = np.array(sizes, np.int64)
        parts = (Pointer * len(places))(*(begin for begin, _ in places.values()))
        with self.training(inputs, batches, masks, parameters, state, t, hyperparameters) as (given, losses):
            if len(batches):
                more = {
                    "training": ctypes.cast(self.main.library.cr_train, Pointer), "seen": seen, "N": ctypes.c_int(rows),
                    "first": ctypes.c_longlong(looks.first(t)), "every": ctypes.c_longlong(looks.every),
                    "count": ctypes.c_int(len(places)), "lengths": address(lengths), "parts": parts,
                    "values": address(values),
                }  # fmt: skip
                given = {**given, **more, **{f"{name}_seen": address(array) for name, array in looks.inputs.items()}}
                tracer.library.cr_watch(*(given[name] for name in tracer.arguments["watch"]))
        columns = np.split(values, np.cumsum(sizes)[:-1], axis=1)
        shaped = zip(places.items(), columns, strict=True)
        return losses, Seen(after, {name: part.reshape(-1, *shape) for (name, (_, shape)), part in shaped})

    def beside(self, program: Program) -> Engine:
        if self.built is not None:  # nothing is compiled here
            return NumPyEngine(program, self.dtype.name, NUMPY_LOOKS)
        return CEngine(program, self.dtype.name, self.kernels, functions=LOOKS, threads=self.threads)

    @contextmanager
    def training(
        self,
        inputs: Mapping[str, Array],
        batches: Batches,
        masks: Arrays,
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Iterator[tuple[dict[str, Any], Array]]:
        """The arguments of `train` by name, in order, and the losses that it fills in."""
        losses = np.empty(len(batches))
        most = batches.largest
        self.check_rows(most)
        width = sum(array.shape[1] for array in inputs.values())
        batch = aligned(most * width if batches.rows is not None else 1, self.dtype)
        offsets = np.ascontiguousarray(batches.offsets, np.int64)
        rows = None if batches.rows is None else np.ascontiguousarray(batches.rows, np.int64)
        with Flat(parameters, self.dtype) as w, Flat(state, self.dtype) as m:
            settings = np.array([hyperparameters[name] for name in self.program.hyperparameters], self.dtype)
            given = {
                "w": w.pointer, "m": m.pointer, "s": self.main.scratch_for(most), "h": address(settings),
                "t": ctypes.c_longlong(t), "steps": ctypes.c_longlong(len(batches)), "offsets": address(offsets),
                "rows": None if rows is None else address(rows), "batch": address(batch), "losses": address(losses),
                "threads": ctypes.c_int(self.threads_for(most)),
            }  # fmt: skip
            given |= {name: address(array) for name, array in (*inputs.items(), *masks.items())}
            yield {name: given[name] for name in self.main.arguments["train"]}, losses

    def threads_for(self, rows: int) -> int:
        """How many threads make a step of so many rows: one, where waiting for one another would take longer."""
        products = sum(math.prod(int(n) for n in variable.shape) for variable in self.program.parameters.values())
        return max(1, min(self.threads, rows * products // PRODUCTS_A_THREAD))

    def check_rows(self, rows: int) -> None:
        """ValueError: more rows in a step than the emitted C counts numbers of."""
        shapes = [*self.program.inputs.values(), *(v.shape for v in self.program.parameters.values())]
        widest = max(int(n) for shape in shapes for n in shape if n != "N")
        if rows * widest > MOST:
            raise ValueError(
                f"{rows:,} rows at once are too many for engine='c' and {widest:,} columns: it counts to {MOST:,}; "
                f"use batch_size={MOST // widest:,} or less, or engine='numpy'"
            )

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
        kept = aligned(int(self.main.size_of(ctypes.c_int(1))) // self.dtype.itemsize + 16, self.dtype)
        members = (Pointer * max(1, len(self.main.buffers)))()
        if self.main.buffers:
            self.main.attach(members, address(kept), ctypes.c_int(1))
        given = {"w": w.pointer, "m": m.pointer, "s": ctypes.cast(members, Pointer), "N": ctypes.c_int(1)}
        given |= {"X": address(row), self.program.prediction: address(output)}
        call = partial(self.main.library.cr_predict, *(given[name] for name in self.main.arguments["predict"]))
        held = w, m, kept, members

        def predict(
            values: Any, place: Any = row[0], call: Any = call, result: Callable[[], Array] = output.copy, _: Any = held
        ) -> Array:
            place[...] = values
            call()
            return result()

        return predict  # locals are found faster than what is around a function

    def evaluate_block(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        output = np.empty((len(X), self.outputs), self.dtype)
        return output, self.in_blocks("evaluate", X, y, output, parameters, state)

    def in_blocks(
        self, function: str, X: Array, y: Array | None, output: Array, parameters: Arrays, state: Arrays
    ) -> float:
        """Calls predict or evaluate on blocks of rows; returns the loss of all."""
        called, count = getattr(self.main.library, PREFIX + function), len(X)
        sums = self.program.declaration.loss.reduction == "sum"
        with Flat(parameters, self.dtype) as w, Flat(state, self.dtype) as m:

            def block(start: int) -> float:
                rows = min(BLOCK, count - start)
                given = {"w": w.pointer, "m": m.pointer, "N": ctypes.c_int(rows)}
                given |= {"s": self.main.scratch_for(min(count, BLOCK)), "X": address(X, start)}
                given |= {self.program.prediction: address(output, start)}
                given |= {"y": address(y, start)} if y is not None else {}
                loss = called(*(given[name] for name in self.main.arguments[function]))
                return 0.0 if loss is None else loss * (1.0 if sums else rows / count)

            starts = range(0, count, BLOCK)
            threads = min(self.threads, len(starts) // BLOCKS_A_THREAD)
            if threads < 2:
                return sum(map(block, starts))
            with ThreadPoolExecutor(threads) as pool:  # each has scratch of its own, and blocks do not meet
                return sum(pool.map(block, starts))

    def trace(
        self,
        inputs: Mapping[str, Array],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Arrays:
        names = [step.name for step in self.program.full.steps if isinstance(step, Step)]
        return self.look(names, inputs, parameters, state, t, hyperparameters)

    def look(
        self,
        names: Iterable[str],
        inputs: Mapping[str, Array],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Arrays:
        if self.tracer is None:
            self.tracer = self.loaded(TRACE)
        rows = len(inputs["X"])
        self.check_rows(rows)
        settings = np.array([hyperparameters[name] for name in self.program.hyperparameters], self.dtype)
        with Flat(parameters, self.dtype) as w, Flat(state, self.dtype) as m:
            given = {
                "w": w.pointer, "m": m.pointer, "s": self.tracer.scratch_for(rows), "h": address(settings),
                "t": ctypes.c_int(t), "N": ctypes.c_int(rows),
            }  # fmt: skip
            given |= {name: address(array) for name, array in inputs.items()}
            self.tracer.library.cr_trace(*(given[name] for name in self.tracer.arguments["trace"]))
        return self.tracer.kept(rows, names)


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
