"""What the machine itself can do, measured beside the contenders: below this no program gets."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from chainrule.engines.compiler import library

from .cases import Case
from .clock import seconds

Pick = Callable[[Iterable[float]], float]
ACCUMULATORS, CHUNK = 12, 256  # as in floor.c
VECTORS = ("#if defined(__AVX512F__)\n#define VECTOR 64\n#elif defined(__AVX__)\n#define VECTOR 32\n"
           "#else\n#define VECTOR 16\n#endif\nint vector_bytes(void) { return VECTOR; }\n")  # fmt: skip


class Machine:
    """The compiled floor.c, built by the compiler and with the flags that the C engine uses."""

    def __init__(self) -> None:
        self.library = library(VECTORS + Path(__file__).with_name("floor.c").read_text(encoding="utf-8"))
        for name in ("peak_float", "peak_double", "chain"):
            getattr(self.library, name).restype = ctypes.c_double

    def peak(self, dtype: str, of: Pick = min) -> float:
        """Floating-point operations a second, in registers."""
        lanes = int(self.library.vector_bytes()) // np.dtype(dtype).itemsize
        run = self.library.peak_float if dtype == "float32" else self.library.peak_double
        times = 200_000
        return 2 * ACCUMULATORS * lanes * times / of(tries(lambda: run(ctypes.c_long(times))))

    def adam(self, parameters: int, dtype: str, of: Pick = min) -> float:
        """Seconds for Adam over so many parameters, their moments where so many have room: a cache, or memory."""
        n = max(CHUNK, -(-parameters // CHUNK) * CHUNK)
        arrays = [np.full(n, 0.1, dtype) for _ in range(3)] + [np.full(CHUNK, 0.1, dtype)]
        run = self.library.adam_float if dtype == "float32" else self.library.adam_double
        times = max(1, 1_000_000 // n)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        took = of(tries(lambda: run(ctypes.c_long(times), ctypes.c_long(n), *pointers))) / times
        return took * parameters / n

    def chain(self, of: Pick = min) -> float:
        """Seconds for the dependent operations of one step of the founding 3-4-1 network."""
        steps = 20_000
        return of(tries(lambda: self.library.chain(ctypes.c_long(steps)))) / steps

    def floor(self, case: Case, of: Pick = min) -> float:
        """Seconds a step at best: the chain for R1, otherwise products at the peak and then Adam.

        of      which of several tries: the quickest, since what disturbs only adds; or the median, for what is
                compared with medians of the same minutes
        """
        if case.name == "R1":
            return self.chain(of)
        update = self.adam(case.parameters, case.dtype, of) if case.optimizer == "adam" else 0.0
        return case.flops / self.peak(case.dtype, of) + update

    def floor_of_epochs(self, case: Case, epochs: int, of: Pick = min) -> float:
        """The same for whole epochs, the last batch of each as small as it is."""
        products = case.rows / case.batch * case.flops / self.peak(case.dtype, of)
        return epochs * (products + -(-case.rows // case.batch) * self.adam(case.parameters, case.dtype, of))


def tries(work: Callable[[], object], count: int = 15) -> list[float]:
    """Seconds of each."""
    return [seconds(work) for _ in range(count)]
