"""Training on rows from disk, a pool of them at a time.

The order of the rows, which depends on seed and epoch alone: the blocks of the file, a megabyte each, are drawn in a
new order for every epoch; at most 32 of them make a pool; within the pool the rows are shuffled and cut into batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ..engines.engine import Array
from ..files import Checkpoint, CheckpointPath, NetworkFile
from ..program.steps import Program
from ..training import EarlyStopping, Training
from ..training.batches import Sampler
from ..training.interrupt import Interrupt
from ..training.progress import Bar
from ..training.snapshot import digest
from .row_file import RowFile

POOL_BLOCKS = 32
SHOWN = ("engine", "dtype", "seed", "rows", "batch_size", "early_stopping")


class StreamedTraining(Training):
    """A training whose X and y are the pool at hand.

    position    pools done, those of all epochs together
    held        rows whose loss is taken after every epoch, or None; stopping: what watches it
    """

    def __init__(
        self, program: Program, rows: RowFile, validation: RowFile | None = None, stopping: EarlyStopping | None = None,
        *, epochs: int, batch_size: int, seed: int, engine: str, dtype: str, threads: int = 1,
        progress: bool | None = None,
    ) -> None:  # fmt: skip
        self.file, self.position, self.pools = rows, 0, -(-rows.blocks // POOL_BLOCKS)
        self.totals = np.zeros(2)  # loss times rows, and rows, of the epoch so far
        self.size = batch_size
        X, y = rows.read(range(min(POOL_BLOCKS, rows.blocks)))
        super().__init__(
            program, X, y, epochs=epochs, batch_size=min(batch_size, len(X)), seed=seed, engine=engine, dtype=dtype,
            threads=threads, progress=progress,
        )  # fmt: skip
        self.held, self.stopping, self.found = validation, stopping, dict[str, Array]()
        if validation is not None:
            self.entries = {"loss": [], "validation_loss": [], self.rate_name: []}

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return self.position // self.pools

    @property
    def steps_per_epoch(self) -> int:
        """How many: blocks are whole batches, but for the last one."""
        return -(-self.file.rows // self.size)

    def turn_to(self, position: int) -> None:
        """Take the rows of a pool from disk, and the random numbers that belong to it."""
        epoch, pool = divmod(position, self.pools)
        order = np.random.RandomState((self.seed, epoch)).permutation(self.file.blocks)
        self.X, self.y = self.file.read(np.array_split(order, self.pools)[pool])
        self.begin = self.t
        self.inputs = {"X": self.X, "y": self.y}
        random = np.random.RandomState((self.seed, epoch, pool))
        size = min(self.size, len(self.X))
        self.sampler = Sampler(self.program, len(self.X), size, True, random, self.engine.dtype)

    def stream(
        self, place: CheckpointPath | None = None, every: int = 1, said: Callable[[int], None] = lambda epoch: None
    ) -> StreamedTraining:
        """Train until all epochs are made. Ctrl-C keeps what was learned; a checkpoint goes on from the last pool.

        place, every    where a checkpoint is kept, after every so many epochs, and at Ctrl-C
        said            called with the epochs finished, once they are on disk
        """
        last, started = self.epochs * self.pools, time.perf_counter()
        if self.stopping is not None:
            self.stopping.on_start(self)
            if self.found:
                self.stopping.resume(self.found)
                self.stopped = self.stopping.waited >= self.stopping.patience
        try:
            self.go(place, every, said, last)
        finally:
            if self.stopping is not None:
                self.stopping.on_end(self)
            self.seconds += time.perf_counter() - started
        return self

    def go(self, place: CheckpointPath | None, every: int, said: Callable[[int], None], last: int) -> None:
        """Pool after pool."""
        with Interrupt() as interrupt, Bar(self.epochs, self.progress) as bar:
            while self.position < last and not interrupt.asked and not self.stopped:
                self.turn_to(self.position)
                left = whole = self.sampler.steps_per_epoch
                kept = self.kept() if place is not None else None
                while left and not interrupt.asked:
                    before = self.t
                    loss = self.run_steps(left)
                    left -= self.t - before
                    bar.at((self.position + 1 - left / whole) / self.pools, loss)
                if left:
                    if place is not None and kept is not None:
                        place.save(kept)
                    break
                self.position += 1
                if self.position % self.pools:
                    continue
                self.finish_epoch()
                if place is not None and (self.epoch % every == 0 or self.position == last or self.stopped):
                    place.save(self.kept())
                    said(self.epoch)
            self.interrupted = interrupt.asked

    def record(self, losses: Array) -> None:
        """Take down the losses of the steps just made: their sum, there may be many."""
        done = self.t - self.begin
        rows = np.diff(self.sampler.offsets)[done : done + len(losses)]
        self.totals += (losses * rows).sum(), rows.sum()
        self.t += len(losses)

    def finish_epoch(self) -> None:
        """The loss of the epoch goes into the history, and that of the validation rows; then it may be enough."""
        self.entries["loss"].append(float(self.totals[0] / self.totals[1]))
        self.entries[self.rate_name].append(self.hyperparameters[self.rate_name])
        self.totals[:] = 0
        if self.held is not None:
            self.entries["validation_loss"].append(self.loss_of(self.held))
        if self.stopping is not None:
            self.stopped = self.stopping.on_epoch(self)

    def loss_of(self, rows: RowFile) -> float:
        """The data loss of rows on disk, in prediction mode, a pool of blocks at a time."""
        sums, total = self.program.declaration.loss.reduction == "sum", 0.0
        for first in range(0, rows.blocks, POOL_BLOCKS):
            X, y = rows.read(range(first, min(first + POOL_BLOCKS, rows.blocks)))
            loss = self.engine.evaluate(X, y, self.parameters, self.state)[1]
            total += loss * (1.0 if sums else len(X) / rows.rows)
        return total

    # --- checkpoints ---

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What must be the same in a training that goes on from this one."""
        return {
            "streamed": True,
            "program": digest([np.frombuffer(str(self.program).encode(), np.uint8)]),
            "data": self.file.digest,
            "rows": self.file.rows,
            "engine": self.engine.name,
            "dtype": self.engine.dtype.name,
            "seed": self.seed,
            "batch_size": self.size,
            "steps_per_epoch": self.steps_per_epoch,
            "validation": None if self.held is None else self.held.digest,
            "early_stopping": None if self.stopping is None else self.stopping.patience,
        }

    def kept(self) -> Checkpoint:
        """The training as it stands between two pools."""
        from .. import __version__

        arrays: dict[str, Array] = {f"parameter.{name}": array.copy() for name, array in self.parameters.items()}
        arrays |= {f"state.{name}": array.copy() for name, array in self.state.items()}
        arrays |= {f"history.{name}": np.array(values, dtype=float) for name, values in self.history.items()}
        arrays["totals"] = self.totals.copy()
        if self.stopping is not None:
            arrays |= {f"stopping.{name}": array for name, array in self.stopping.state().items()}
        numbers = {"t": self.t, "position": self.position}
        provenance = {"chainrule": __version__, "epochs": self.epochs}
        network = NetworkFile.of(self.program.declaration).to_dict()
        return Checkpoint(network, self.settings, numbers, arrays, provenance)

    def go_on(self, found: Checkpoint, name: str) -> None:
        """Go on from a checkpoint, bit by bit as if nothing had happened.

        Raises
            ValueError: it is of another training.
        """
        mine = self.settings
        for key in mine:
            if mine[key] != found.settings.get(key):
                told = f": it was {found.settings.get(key)}, now it is {mine[key]}" if key in SHOWN else ""
                raise ValueError(f"{name} cannot be resumed: the {key} of the training has changed{told}")
        position = found.numbers.get("position")
        wanted = {f"parameter.{key}": array for key, array in self.parameters.items()}
        wanted |= {f"state.{key}": array for key, array in self.state.items()}
        fits = all(key in found.arrays and found.arrays[key].shape == array.shape for key, array in wanted.items())
        known = all(f"history.{key}" in found.arrays for key in self.history) and "totals" in found.arrays
        stopping = {n.partition(".")[2]: a for n, a in found.arrays.items() if n.startswith("stopping.")}
        known = known and self.may_resume(stopping)
        if not fits or not known or type(position) is not int or not 0 <= position <= self.epochs * self.pools:
            raise ValueError(f"{name} cannot be resumed: it is of another training, or has more epochs than --epochs")
        self.found = stopping
        for key, array in wanted.items():
            array[...] = found.arrays[key]
        for key, values in self.entries.items():
            values[:] = found.arrays[f"history.{key}"].tolist()
        self.totals[:] = found.arrays["totals"]
        self.t, self.position = int(found.numbers["t"]), position

    def may_resume(self, stopping: dict[str, Array]) -> bool:
        """Whether this can be what early stopping has kept: its numbers, and the best weights where there are some."""
        if self.stopping is None:
            return not stopping
        kept = {f"kept_parameter.{name}": array for name, array in self.parameters.items()}
        kept |= {f"kept_state.{name}": array for name, array in self.state.items()}
        numbers = all(name in stopping and stopping[name].shape == () for name in ("best", "waited", "best_epoch"))
        some = numbers and bool(stopping["best_epoch"])
        return numbers and {n: a.shape for n, a in stopping.items() if n.startswith("kept_")} == {
            name: array.shape for name, array in kept.items() if some
        }
