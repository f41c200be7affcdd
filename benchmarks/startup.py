"""What comes before the first step: importing, compiling; and how much memory a training takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule.engines import make_engine

from .cases import CASES, Case
from .clock import Sampled, interleaved
from .contenders import Contender

NOTHING = "python -c pass"
IMPORTS = {  # label: (module that must be there, statement)
    NOTHING: ("sys", "pass"),
    "chainrule": ("chainrule", "import chainrule"),
    "chainrule, ready to train": ("chainrule", "from chainrule import Adam, Network, Training, derive"),
    "NumPy": ("numpy", "import numpy"),
    "scikit-learn": ("sklearn", "from sklearn.neural_network import MLPClassifier"),
    "JAX": ("jax", "import jax"),
    "PyTorch": ("torch", "import torch"),
}
PEERS = {"NumPy": ("hand",), "scikit-learn": ("sklearn",), "JAX": ("jax",), "PyTorch": ("torch", "compile")}


def passed(work: Callable[[], object]) -> float:
    """Seconds that passed, whatever the clock: other processes do the work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def time_imports(keys: Iterable[str], rounds: int) -> dict[str, Sampled]:
    """Seconds for a fresh Python to import each, in turns; those of the contenders that take part."""
    taking, wanted = set(keys), {}
    for label, (module, statement) in IMPORTS.items():
        if find_spec(module) and (label not in PEERS or taking.intersection(PEERS[label])):
            command = [sys.executable, "-c", statement]
            wanted[label] = partial(passed, partial(subprocess.run, command, check=True))
    return interleaved(wanted, rounds)


# --- compiling ---


@contextmanager
def fresh_cache() -> Iterator[Path]:
    """An empty cache directory for compiled libraries."""
    before = os.environ.get("CHAINRULE_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHAINRULE_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ["CHAINRULE_CACHE"]
            if before is not None:
                os.environ["CHAINRULE_CACHE"] = before


def time_compiling(cases: Iterable[Case], rounds: int) -> dict[str, tuple[Sampled, ...]]:
    """For each case seconds until its C engine is ready: where nothing was compiled before, where another network was,
    and where this one was."""
    found = {}
    for case in cases:
        program = case.program()
        ready = partial(make_engine, program, "c", case.dtype)
        taken = []
        for _ in range(rounds):
            with fresh_cache() as folder:
                first = passed(ready)
                for library in folder.glob("*.so"):
                    library.unlink()
                taken.append((first, passed(ready), passed(ready)))
        found[case.name] = tuple(map(Sampled, zip(*taken, strict=True)))
    return found


def time_first_block(kinds: Iterable[type[Contender]], case: Case) -> dict[str, float]:
    """Seconds from nothing but data to the losses of the first few steps, compiling included, imports not."""
    few = case.small(2)
    taken = few.take(1)

    def first(kind: type[Contender]) -> None:
        runner = kind(few)
        runner.reset()
        runner.run(taken)

    found = {}
    for kind in kinds:
        with fresh_cache():
            found[kind.name] = passed(partial(first, kind))
    return found


def compiled_again() -> int:
    """How many libraries are compiled when rate, strength, batch size and number of rows change; 0 is the goal."""
    case = CASES["R2a"].small()
    data = case.data()

    def train(rate: float, strength: float, batch: int, rows: int) -> None:
        program = cr.derive(case.network(), case.loss, cr.Adam(rate), cr.L2(strength))
        cr.Training(program, data.X[:rows], data.y[:rows], epochs=1, batch_size=batch, engine="c").fit()

    with fresh_cache() as folder:
        train(0.001, 1e-4, 16, len(data.X))
        before = len(list(folder.glob("*.so")))
        train(0.01, 1e-4, 16, len(data.X))
        train(0.001, 1e-3, 16, len(data.X))
        train(0.001, 1e-4, 24, len(data.X))
        train(0.001, 1e-4, 16, len(data.X) - 5)
        return len(list(folder.glob("*.so"))) - before


# --- memory ---


def memory() -> dict[str, float]:
    """Bytes of data copied; the most that a training of R4 holds, and what it needs by its definition.

    Needed are parameters x (1 + slots), two batches of activations and gradients, and the order of the rows.
    """
    case = replace(CASES["R4"], rows=1024)
    data, program = case.data(), case.program()

    def train() -> cr.Training:
        run = cr.Training(program, data.X, data.y, epochs=1, batch_size=case.batch, engine="c", progress=False)
        return run.fit()

    train()  # what is imported and compiled once is not of interest
    tracemalloc.start()
    run = train()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    copied = sum(a.nbytes for a, b in ((run.X, data.X), (run.y, data.y)) if not np.shares_memory(a, b))
    item, slots = data.X.itemsize, 2
    needed = case.parameters * (1 + slots) * item + 2 * case.batch * sum(case.widths) * item + case.rows * 8
    return {"copied": copied, "most": most, "needed": needed}
