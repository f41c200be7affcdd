"""Training on rows from disk, a pool of them at a time.

The order of the rows, which depends on seed and epoch alone: the blocks of the file, a megabyte each, are drawn in a
new order for every epoch; at most 32 of them make a pool; within the pool the rows are shuffled and cut into batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engines.engine import Array
from ..files import Checkpoint, CheckpointPath, NetworkFile
from ..program.steps import Program
from ..training import Training
from ..training.batches import Sampler
from ..training.interrupt import Interrupt
from ..training.progress import Bar
from ..training.snapshot import digest
from .row_file import RowFile

POOL_BLOCKS = 32
SHOWN = ("engine", "dtype", "seed", "rows", "batch_size")


class StreamedTraining(Training):
    """A training whose X and y are the pool at hand.

    position    pools done, those of all epochs together
    """

    def __init__(
        self, program: Program, rows: RowFile, *, epochs: int, batch_size: int, seed: int, engine: str, dtype: str,
        progress: bool | None = None,
    ) -> None:  # fmt: skip
        self.file, self.position, self.pools = rows, 0, -(-rows.blocks // POOL_BLOCKS)
        self.totals = np.zeros(2)  # loss times rows, and rows, of the epoch so far
        self.size = batch_size
        X, y = rows.read(range(min(POOL_BLOCKS, rows.blocks)))
        super().__init__(
            program, X, y, epochs=epochs, batch_size=min(batch_size, len(X)), seed=seed, engine=engine, dtype=dtype,
            progress=progress,
        )  # fmt: skip

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
        with Interrupt() as interrupt, Bar(self.epochs, self.progress) as bar:
            while self.position < last and not interrupt.asked:
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
                if place is not None and (self.epoch % every == 0 or self.position == last):
                    place.save(self.kept())
                    said(self.epoch)
            self.interrupted = interrupt.asked
        self.seconds += time.perf_counter() - started
        return self

    def record(self, losses: Array) -> None:
        """Take down the losses of the steps just made: their sum, there may be many."""
        done = self.t - self.begin
        rows = np.diff(self.sampler.offsets)[done : done + len(losses)]
        self.totals += (losses * rows).sum(), rows.sum()
        self.t += len(losses)

    def finish_epoch(self) -> None:
        """The loss of the epoch goes into the history."""
        self.entries["loss"].append(float(self.totals[0] / self.totals[1]))
        self.entries[self.rate_name].append(self.hyperparameters[self.rate_name])
        self.totals[:] = 0

    # --- checkpoints ---

    @property
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
        }

    def kept(self) -> Checkpoint:
        """The training as it stands between two pools."""
        from .. import __version__

        arrays: dict[str, Array] = {f"parameter.{name}": array.copy() for name, array in self.parameters.items()}
        arrays |= {f"state.{name}": array.copy() for name, array in self.state.items()}
        arrays |= {f"history.{name}": np.array(values, dtype=float) for name, values in self.history.items()}
        arrays["totals"] = self.totals.copy()
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
        if not fits or not known or type(position) is not int or not 0 <= position <= self.epochs * self.pools:
            raise ValueError(f"{name} cannot be resumed: it is of another training, or has more epochs than --epochs")
        for key, array in wanted.items():
            array[...] = found.arrays[key]
        for key, values in self.entries.items():
            values[:] = found.arrays[f"history.{key}"].tolist()
        self.totals[:] = found.arrays["totals"]
        self.t, self.position = int(found.numbers["t"]), position
