"""chainrule as people call it: `Training.fit` on the C engine, with all that a training looks after."""

from __future__ import annotations

import numpy as np

import chainrule as cr

from ..cases import SEED, Array, Case, Orders
from .c_engine import CEngine
from .contender import Contender, Predictor


class Fit(Contender):
    """Draws the order of its rows itself, looks for NaN and infinity, keeps the weights of before, answers Ctrl-C."""

    name, key = "chainrule C, whole fit", "fit"

    @classmethod
    def missing(cls) -> str:
        return CEngine.missing()

    @classmethod
    def fits(cls, case: Case) -> bool:
        return not case.shuffled or case.block * case.batch == case.rows

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.program = case.program()
        self.reset()

    def reset(self) -> None:
        self.training = cr.Training(
            self.program,
            self.data.X,
            self.data.y,
            batch_size=self.case.batch if self.case.shuffled else None,
            engine="c",
            dtype=self.case.dtype,
            parameters=dict(zip(self.case.names(), self.case.weights(), strict=True)),
            progress=False,
        )
        self.training.sampler.random = np.random.RandomState(SEED)  # the orders that all others are given

    def run(self, blocks: Orders) -> Array:
        before = self.training.t
        self.training.fit(len(blocks) * (1 if self.case.shuffled else self.case.block))
        return self.training.losses[before:]

    def weights(self) -> list[Array]:
        return [self.training.parameters[name].copy() for name in self.case.names()]

    def predictor(self) -> Predictor:
        return self.training.predict
