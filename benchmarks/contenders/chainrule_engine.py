"""What the engines of chainrule have in common here: they are called as the training calls them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from chainrule.engines import make_engine
from chainrule.engines.engine import Batches, packed
from chainrule.training.start import draw

from ..cases import Array, Case, Orders
from .contender import Contender, Predictor


class ChainruleEngine(Contender):
    """An engine, driven directly; orders of rows are given, as to all."""

    engine_name: ClassVar[str]

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.program = case.program()
        self.engine = make_engine(self.program, self.engine_name, case.dtype)
        self.inputs = {"X": self.data.X, "y": self.data.y}
        self.hyperparameters = dict(self.program.hyperparameters)
        self.reset()

    def reset(self) -> None:
        _, self.state = draw(self.program, np.random.RandomState(0), self.engine.dtype)
        self.parameters = packed(dict(zip(self.case.names(), self.case.weights(), strict=True)))
        self.t = 1

    def run(self, blocks: Orders) -> Array:
        batches = self.batches(blocks)
        losses = self.engine.run(
            self.inputs, batches, {}, self.parameters, self.state, self.t, self.hyperparameters
        )  # fmt: skip
        self.t += len(batches)
        return losses

    def batches(self, blocks: Orders) -> Batches:
        steps = len(blocks) * self.case.block
        if not self.case.shuffled:
            return Batches.whole(self.case.rows, steps)
        offsets = np.arange(steps + 1, dtype=np.int64) * self.case.batch
        return Batches(offsets, blocks.ravel())

    def weights(self) -> list[Array]:
        return [self.parameters[name].copy() for name in self.case.names()]

    def predictor(self) -> Predictor:
        predict, parameters, state = self.engine.predict, self.parameters, self.state
        return lambda row: predict(row, parameters, state)
