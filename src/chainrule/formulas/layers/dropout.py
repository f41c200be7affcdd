"""Dropout: leave units out at random, in training only."""

from __future__ import annotations

from dataclasses import dataclass

from ...program.builder import Builder
from ...program.expr import Name
from ...program.text import rule
from .layer import Layer


@dataclass(frozen=True)
class Dropout(Layer):
    """h = x * (mask / (1 - rate)): each unit is left out with probability `rate`, the others make up for it.

    Shapes
        x, h (N, M)     mask (N, M)   zeros and ones, an input of the program, drawn anew for every step
    Raises
        ValueError: a rate outside [0, 1).
    Source
        Srivastava et al., JMLR 15 (2014), 1929-1958, in its inverted form: prediction is the identity.
    """

    rate: float

    def __post_init__(self) -> None:
        if isinstance(self.rate, bool) or not isinstance(self.rate, (int, float)) or not 0 <= self.rate < 1:
            raise ValueError(f"Dropout({self.rate!r}): the rate must be at least 0 and below 1")

    @property
    def extras(self) -> tuple[str, ...]:
        return (f"dropout {self.rate:g}",) if self.rate else ()

    def forward(self, build: Builder, x: Name) -> Name:
        if not build.training or self.rate == 0:
            return x
        units = x.shape[1]
        assert isinstance(units, int)
        keep = float(f"{1 - self.rate:.12g}")
        mask = build.mask(units, keep)
        return build.step("h", rule("x * (mask / keep)", x=x, mask=mask, keep=keep), "dropout")
