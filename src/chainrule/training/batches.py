"""Which rows make up which step, and the dropout masks of each: everything that is random about a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engines.engine import Arrays, Batches
from ..program.steps import Program

MASK_BYTES = 16 * 2**20
BLOCK_ROWS = 2**18  # row indices handed to an engine in one go


class Sampler:
    """Draws epochs: an order of the rows cut into batches, and masks, from one frozen stream of random numbers.

    The stream is NumPy's RandomState. Per epoch: `permutation(N)` where shuffled, then per step the masks in the order of
    the program, `random_sample((rows, units)) < keep`.
    """

    def __init__(
        self,
        program: Program,
        rows: int,
        batch_size: int | None,
        shuffle: bool,
        random: np.random.RandomState,
        dtype: np.dtype[Any],
        given: Sequence[Any] | None = None,
    ) -> None:
        self.program, self.rows, self.random, self.dtype = program, rows, random, dtype
        self.joins = any(name.startswith("running_") for name in program.state)
        self.given = None if given is None else check_given(given, rows)
        size = rows if batch_size is None else check_batch_size(batch_size, rows)
        self.shuffle = shuffle and size < rows and self.given is None
        self.epoch_offsets = self.offsets_of_epoch(size)
        if self.joins and int(np.diff(self.epoch_offsets).min()) < 2:
            raise ValueError("batch norm needs at least two rows in every batch")

    def offsets_of_epoch(self, size: int) -> NDArray[np.int64]:
        if self.given is not None:
            return np.cumsum([0, *map(len, self.given)], dtype=np.int64)
        starts = list(range(0, self.rows, size))
        if self.joins and len(starts) > 1 and self.rows - starts[-1] == 1:
            starts.pop()  # a last batch of one row joins the one before
        return np.array([*starts, self.rows], dtype=np.int64)

    @property
    def steps_per_epoch(self) -> int:
        return len(self.epoch_offsets) - 1

    @property
    def rows_per_epoch(self) -> int:
        return int(self.epoch_offsets[-1])

    @property
    def most_epochs(self) -> int:
        """How many epochs to draw at once without holding much."""
        per_row = sum(mask.units for mask in self.program.masks) * self.dtype.itemsize
        most = BLOCK_ROWS if not per_row else min(BLOCK_ROWS, MASK_BYTES // per_row)
        return max(1, most // self.rows_per_epoch)

    def epochs(self, count: int) -> tuple[Batches, Arrays]:
        """The batches and masks of the next epochs."""
        total = self.rows_per_epoch
        offsets = np.concatenate([self.epoch_offsets[:-1] + i * total for i in range(count)] + [[count * total]])
        rows: NDArray[np.int64] | None = None
        masks = {m.name: np.empty((count * total, m.units), self.dtype) for m in self.program.masks}
        if self.given is not None:
            rows = np.tile(np.concatenate(self.given), count)
        elif self.shuffle or self.steps_per_epoch > 1:
            rows = np.empty(count * total, np.int64)
        for i in range(count):
            if rows is not None and self.given is None:
                order = self.random.permutation(total) if self.shuffle else np.arange(total)
                rows[i * total : (i + 1) * total] = order
            if masks:
                self.draw_masks(masks, offsets[i * self.steps_per_epoch : (i + 1) * self.steps_per_epoch + 1])
        return Batches(offsets.astype(np.int64), rows), masks

    def draw_masks(self, masks: Arrays, offsets: NDArray[np.int64]) -> None:
        for begin, end in zip(offsets[:-1], offsets[1:], strict=True):
            for mask in self.program.masks:
                masks[mask.name][begin:end] = self.random.random_sample((end - begin, mask.units)) < mask.keep


def check_batch_size(size: Any, rows: int) -> int:
    """A batch size that fits.  ValueError: no whole number of at least 1, or more than there are rows."""
    if isinstance(size, bool) or not hasattr(size, "__index__") or size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1, not {size!r}")
    if size > rows:
        raise ValueError(f"batch_size is {size}, but there are only {rows} rows; None takes all of them in one batch")
    return int(size)


def check_given(given: Sequence[Any], rows: int) -> list[NDArray[np.int64]]:
    """Own batches: lists of row indices.  ValueError: none at all, an empty one, an index that is no row."""
    checked = []
    for i, batch in enumerate(given):
        array = np.asarray(batch)
        if array.ndim != 1 or not array.size or array.dtype.kind not in "iu":
            raise ValueError(f"batches[{i}] must be a list of row indices, at least one")
        if array.min() < 0 or array.max() >= rows:
            bad = array[(array < 0) | (array >= rows)][0]
            raise ValueError(f"batches[{i}] names row {bad}, but the rows are 0 to {rows - 1}")
        checked.append(array.astype(np.int64))
    if not checked:
        raise ValueError("batches is empty; give a list of row indices for each step")
    return checked
