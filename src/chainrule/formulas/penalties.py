"""Penalties on the weights W (never on b or batch norm): one small class each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from .numbers import is_finite


@dataclass(frozen=True)
class Penalty:
    """A term added to the loss: for each (factor, per weight), `factor * (sum of the per-weight terms)`.

    Both are formulas: the factor in terms of the strengths, N and `total_weight` (the sum of the weights of the rows, N
    where they have none), the other in terms of W. `title` is what it is called in words.
    """

    terms: ClassVar[tuple[tuple[str, str], ...]] = ()
    title: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for name, value in self.hyperparameters.items():
            if not is_finite(value) or value < 0:
                raise ValueError(f"{type(self).__name__}: {name} must be a number of at least 0, not {value!r:.40}")

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The strengths by the names that the formulas use; run-time inputs."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


L1_TERM, L2_TERM = ("l1", "abs(W).sum()"), ("0.5 * l2", "(W**2).sum()")


@dataclass(frozen=True)
class L1(Penalty):
    """l1 * sum |W|: drives weights to zero.

    Fields
        strength    l1
    Source
        Tibshirani, Journal of the Royal Statistical Society B 58 (1996), 267-288.
    """

    terms = (L1_TERM,)
    title = "L1"

    strength: float

    @property
    def hyperparameters(self) -> dict[str, float]:
        return {"l1": self.strength}


@dataclass(frozen=True)
class L2(Penalty):
    """0.5 * l2 * sum W**2: weight decay.

    Fields
        strength    l2
    Source
        Krogh & Hertz, NIPS 4 (1991), 950-957.
    """

    terms = (L2_TERM,)
    title = "L2"

    strength: float

    @property
    def hyperparameters(self) -> dict[str, float]:
        return {"l2": self.strength}


@dataclass(frozen=True)
class ElasticNet(Penalty):
    """Both, l1 * sum |W| + 0.5 * l2 * sum W**2.

    Fields
        l1, l2      their strengths
    Source
        Zou & Hastie, Journal of the Royal Statistical Society B 67 (2005), 301-320.
    """

    terms = (L1_TERM, L2_TERM)
    title = "elastic net"

    l1: float
    l2: float


PENALTIES: dict[str, type[Penalty]] = {"l1": L1, "l2": L2, "elastic_net": ElasticNet}
