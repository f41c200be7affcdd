"""The order of the rows, as scikit-learn shuffles them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines.engine import Arrays, Batches
from ..program.steps import Program
from ..training.batches import Indices, Sampler


class CarriedOrder(Sampler):
    """Every epoch shuffles the order that the one before left. One batch takes all rows in their own order.

    seen    whether somebody else draws from the same random numbers: then also the shuffles of a single batch are
            drawn, which change nothing here
    """

    def __init__(
        self, program: Program, rows: int, batch_size: int, shuffle: bool, random: np.random.RandomState,
        dtype: np.dtype[Any], *, seen: bool,
    ) -> None:  # fmt: skip
        super().__init__(program, rows, batch_size, shuffle, random, dtype)
        self.carried = self.natural.copy()
        self.drawn_for_others = shuffle and seen and self.all_in_order

    def shuffled(self) -> Indices:
        self.random.shuffle(self.carried)
        return self.carried.copy()

    def epochs(self, count: int) -> tuple[Batches, Arrays]:
        if self.drawn_for_others:
            for _ in range(count):
                self.random.shuffle(self.carried)
        return super().epochs(count)
