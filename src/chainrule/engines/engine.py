"""Engine: what every engine can do with a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..program.steps import Program, ProgramError

if TYPE_CHECKING:
    from .looks import Looks, Seen

Array = NDArray[Any]
Arrays = dict[str, Array]
DTYPES = ("float32", "float64")
BLOCK_ROWS = 65_536
LINE = 64  # bytes of a line of the cache


@dataclass(frozen=True)
class Batches:
    """The rows of each of several steps.

    offsets     (steps + 1,) where each step's rows begin in `rows`, and where the last one's end
    rows        their indices, one step after another; None where every step takes all rows in order
    """

    offsets: NDArray[np.int64]
    rows: NDArray[np.int64] | None = None

    @classmethod
    def whole(cls, rows: int, steps: int) -> Batches:
        """Every step takes all rows in order."""
        return cls(np.arange(0, (steps + 1) * rows, rows, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def largest(self) -> int:
        """The rows of the largest step; 0 where there is none."""
        steps = self.offsets[:2] if self.rows is None else self.offsets  # in order, all steps are alike
        return int(np.diff(steps).max(initial=0))

    def part(self, first: int, last: int) -> Batches:
        """The steps from `first` up to, not including, `last`; offsets still point into the same rows."""
        return Batches(self.offsets[first : last + 1], self.rows)


class Engine:
    """A program ready to run, on data of one dtype.

    The caller owns parameters and state: dicts of contiguous arrays in the order of `program.parameters` and
    `program.state`, changed in place by `run`.
    """

    name = ""
    kernels = ""  # the kernel set, where an engine has several

    def __init__(self, program: Program, dtype: str = "float32") -> None:
        if dtype not in DTYPES:
            raise ValueError(f"unknown dtype '{dtype}'; known: {', '.join(DTYPES)}")
        self.program = program
        self.dtype = np.dtype(dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        """Loaded code cannot be pickled; an engine is made anew from its program."""
        return type(self), (self.program, self.dtype.name)

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
        """One step per batch; the loss of each, before its update. In how many runs the steps are made changes no bit.

        inputs      X, y and sample_weight where used, all rows
        batches     the rows of each step
        masks       the dropout masks by name, their rows one step after another as `batches.offsets` counts them
        t           the number of the first step, counted from 1

        Offsets may begin above 0, where the steps are a part of those whose rows and masks are given. What is not a
        finite number is no error here: it goes on into losses and weights, and the training looks for it there.
        """
        raise NotImplementedError

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
        """The same steps as `run`, to the bit, and what was seen between them."""
        from .looks import Seen

        losses, done = np.empty(len(batches)), 0
        seen: list[Arrays] = []
        after = looks.after(t, len(batches))
        for end in dict.fromkeys([*after.tolist(), len(batches)]):
            part = batches.part(done, end)
            losses[done:end] = self.run(inputs, part, masks, parameters, state, t + done, hyperparameters)
            done = end
            if len(seen) < len(after):
                seen.append(looks.take(parameters, state, t + end, hyperparameters))
        return losses, Seen.together(after, seen)

    def beside(self, program: Program) -> Engine:
        """An engine of the same kind for another program, which is looked at and not trained."""
        return type(self)(program, self.dtype.name)

    def predict(self, X: Array, parameters: Arrays, state: Arrays) -> Array:
        """The output (N, K) for the rows of X (N, D)."""
        raise NotImplementedError

    def row_predictor(self, parameters: Arrays, state: Arrays) -> Callable[[Any], Array]:
        """A function from one row (D,) to its output (K,), as quick as the engine can make it."""

        def predict(values: Any) -> Array:
            row: Array = np.ascontiguousarray(values, self.dtype).reshape(1, -1)
            output: Array = self.predict(row, parameters, state)[0]
            return output

        return predict

    def evaluate(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        """The output and the loss of the data in prediction mode, in blocks of rows."""
        outputs, total, rows = [], 0.0, len(X)
        for start in range(0, rows, BLOCK_ROWS):
            block = slice(start, min(start + BLOCK_ROWS, rows))
            output, loss = self.evaluate_block(X[block], y[block], parameters, state)
            outputs.append(output)
            mean = rows > BLOCK_ROWS and self.program.declaration.loss.reduction != "sum"
            total += loss * ((block.stop - block.start) / rows if mean else 1.0)
        return (outputs[0] if len(outputs) == 1 else np.concatenate(outputs)), total

    def evaluate_block(self, X: Array, y: Array, parameters: Arrays, state: Arrays) -> tuple[Array, float]:
        raise NotImplementedError

    def trace(
        self,
        inputs: Mapping[str, Array],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Arrays:
        """Every named step of one step on these rows (masks among the inputs), in program order; changes nothing."""
        raise NotImplementedError

    def look(
        self,
        names: Iterable[str],
        inputs: Mapping[str, Array],
        parameters: Arrays,
        state: Arrays,
        t: int,
        hyperparameters: Mapping[str, float],
    ) -> Arrays:
        """Some of the values of `trace`; for those who look often, and an engine may do it sooner."""
        values = self.trace(inputs, parameters, state, t, hyperparameters)
        return {name: values[name] for name in names}

    def source(self) -> str:
        """The source that runs."""
        raise NotImplementedError(f"the {self.name} engine runs no source")


def aligned(count: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that begin where a line of the cache does: a vector across two lines costs more."""
    memory = np.zeros(count + LINE // dtype.itemsize, dtype)
    begin = -memory.__array_interface__["data"][0] % LINE // dtype.itemsize
    return memory[begin : begin + count]


def packed(arrays: Arrays) -> Arrays:
    """The same arrays one after another in one piece of memory, as a struct of C would hold them."""
    if not arrays:
        return {}
    memory = aligned(sum(array.size for array in arrays.values()), np.result_type(*arrays.values()))
    np.concatenate([array.ravel() for array in arrays.values()], out=memory)
    found, begin = {}, 0
    for name, array in arrays.items():
        found[name] = memory[begin : begin + array.size].reshape(array.shape)
        begin += array.size
    return found


def first_failure(program: Program, values: Mapping[str, Array]) -> str | None:
    """The first name that is assigned a value that is not finite; None where all that are known are finite."""
    for step in program.steps:
        for name, _ in step.assignments:
            if name in values and not np.isfinite(values[name]).all():
                return name
    return None


__all__ = ["DTYPES", "Array", "Arrays", "Batches", "Engine", "ProgramError", "aligned", "first_failure", "packed"]
