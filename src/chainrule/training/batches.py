"""Which rows make up which step, and the dropout masks of each: everything that is random about a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engines.engine import Arrays, Batches
from ..program.steps import Program
from .inputs import check_whole, shown

MASK_BYTES = 16 * 2**20  # of the masks handed to an engine in one go
BLOCK_ROWS = 2**18  # of the row indices
BLOCK_STEPS = 2**20

Indices = NDArray[np.int64]


class Sampler:
    """A stream of steps without end: epoch after epoch an order of the rows, cut into batches, and masks.

    The random numbers are those of NumPy's RandomState, whose stream is frozen. Per epoch: `permutation(N)` where
    shuffled, then per step the masks in the order of the program, `random_sample((rows, units)) < keep`. In how many
    goes the steps are asked for changes nothing.

    step        how many steps were handed out since the start of the epoch
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
        self.masks, self.random, self.dtype = program.masks, random, dtype
        normed = bool(program.statistics)
        if given is not None:
            if batch_size is not None:
                raise ValueError("batch_size and batches cannot both be given: own batches have their own sizes")
            own = check_given(given, rows)
            self.natural, offsets = np.concatenate(own), np.cumsum([0, *map(len, own)])
        else:
            size = rows if batch_size is None else check_batch_size(batch_size, rows)
            self.natural, offsets = np.arange(rows), offsets_of(rows, size, joined=normed)
        self.offsets = offsets.astype(np.int64)
        self.own = given is not None
        self.steps_per_epoch = len(self.offsets) - 1
        self.shuffle = shuffle and not self.own and self.steps_per_epoch > 1
        self.all_in_order = not self.own and self.steps_per_epoch == 1
        if normed:
            check_for_batch_norm(self.offsets, own=self.own)
        self.step, self.order = 0, self.natural
        self.given_back: tuple[Batches, Arrays] | None = None

    @property
    def most_steps(self) -> int:
        """How many steps to draw at once without holding much."""
        most = BLOCK_STEPS if self.all_in_order else BLOCK_ROWS // int(np.diff(self.offsets).max())
        if self.masks:
            per_row = sum(mask.units for mask in self.masks) * self.dtype.itemsize
            most = min(most, MASK_BYTES // (per_row * int(np.diff(self.offsets).max())))
        return max(1, most)

    def take(self, most: int) -> tuple[Batches, Arrays]:
        """The next steps, at least one and at most `most`: their batches and masks."""
        if self.given_back is None:
            return self.draw(min(most, self.most_steps))
        batches, masks = self.given_back
        taken = min(most, len(batches))
        self.give_back(batches.part(taken, len(batches)), masks)
        return batches.part(0, taken), masks

    def give_back(self, batches: Batches, masks: Arrays) -> None:
        """Steps that were taken and not made; they come first when steps are taken again."""
        self.given_back = (batches, masks) if len(batches) else None

    def draw(self, most: int) -> tuple[Batches, Arrays]:
        """Whole epochs where at least one is wanted, otherwise the next part of one."""
        per_epoch = self.steps_per_epoch
        if self.step == 0 and most >= per_epoch:
            return self.epochs(most // per_epoch)
        if self.step == 0 and self.shuffle:
            self.order = self.shuffled()
        last = min(self.step + most, per_epoch)
        offsets = self.offsets[self.step : last + 1]
        rows = self.order[offsets[0] : offsets[-1]]
        batches = Batches(offsets - offsets[0], rows)
        self.step = last % per_epoch
        return batches, self.drawn_masks(batches.offsets)

    def epochs(self, count: int) -> tuple[Batches, Arrays]:
        """The next `count` epochs."""
        total = len(self.natural)
        if self.all_in_order:
            batches = Batches.whole(total, count)
            return batches, self.drawn_masks(batches.offsets)
        begins = np.arange(count, dtype=np.int64)[:, np.newaxis] * total
        offsets = np.append((begins + self.offsets[:-1]).ravel(), count * total)
        orders, masks = np.tile(self.natural, (count, 1)), self.empty_masks(count * total)
        for epoch in range(count):
            if self.shuffle:
                orders[epoch] = self.shuffled()
            if masks:
                self.draw_masks(masks, epoch * total + self.offsets)
        return Batches(offsets, orders.ravel()), masks

    def shuffled(self) -> Indices:
        """The order of the rows in the next epoch."""
        order: Indices = self.random.permutation(len(self.natural))
        return order

    # --- masks ---

    def drawn_masks(self, offsets: Indices) -> Arrays:
        masks = self.empty_masks(int(offsets[-1]))
        if masks:
            self.draw_masks(masks, offsets)
        return masks

    def empty_masks(self, rows: int) -> Arrays:
        return {mask.name: np.empty((rows, mask.units), self.dtype) for mask in self.masks}

    def draw_masks(self, masks: Arrays, offsets: Indices) -> None:
        for begin, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            for mask in self.masks:
                masks[mask.name][begin:end] = self.random.random_sample((end - begin, mask.units)) < mask.keep


def offsets_of(rows: int, size: int, joined: bool) -> Indices:
    """Where each batch begins, and the end of the last; joined: a last batch of one row joins the one before."""
    starts = list(range(0, rows, size))
    if joined and len(starts) > 1 and rows - starts[-1] == 1:
        starts.pop()
    return np.array([*starts, rows], dtype=np.int64)


def check_for_batch_norm(offsets: Indices, own: bool) -> None:
    """ValueError: a batch of one row, of which batch norm knows no variance."""
    alone = np.flatnonzero(np.diff(offsets) < 2)
    if alone.size:
        where = f"batches[{alone[0]}] has one" if own else "this batch_size makes batches of one"
        where = "there is only one row of data" if offsets[-1] == 1 and not own else where
        raise ValueError(f"batch norm needs at least two rows in every batch, but {where}")


def check_batch_size(size: Any, rows: int) -> int:
    """A batch size that fits.  ValueError: no whole number of at least 1, or more than there are rows."""
    check_whole("batch_size", size, 1)
    if size > rows:
        raise ValueError(f"batch_size is {size}, but there are only {rows} rows; None takes all of them in one batch")
    return int(size)


def check_given(given: Sequence[Any], rows: int) -> list[Indices]:
    """Own batches: lists of row indices.  ValueError: none at all, an empty one, an index that is no row."""
    try:
        listed = list(given)
    except TypeError:
        found = shown(given)
        raise ValueError(f"batches must be a list with a list of row indices for each step, not {found}") from None
    if not listed:
        raise ValueError("batches is empty; give a list of row indices for each step")
    checked = []
    for i, batch in enumerate(listed):
        try:
            array = np.asarray(batch)
        except ValueError:
            array = np.empty((0, 0))
        if array.ndim != 1 or not array.size or array.dtype.kind not in "iu":
            raise ValueError(f"batches[{i}] must be a list of row indices, at least one, not {shown(batch)}")
        outside = (array < 0) | (array >= rows)
        if outside.any():
            raise ValueError(f"batches[{i}] names row {array[outside][0]}, but the rows are 0 to {rows - 1}")
        checked.append(array.astype(np.int64))
    return checked
