"""Dense: the fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from operator import index
from typing import Any

from ...program.builder import Builder
from ...program.expr import Expr, Name
from ..activations import ActivationLike
from ..formula import Formula
from ..initial import check_initial, limit
from .activation import Activation
from .batch_norm import BatchNorm
from .layer import Layer

MAXIMUM_UNITS = 1_000_000


@dataclass(frozen=True)
class Dense(Layer):
    """Affine map followed by an activation: a = f(x W + b), with batch norm a = f(norm(x W)).

    Shapes
        x (N, D)   input; N rows in the batch, D features      a (N, M)   output
        W (D, M)   weights                                     b (M,)     bias, absent where batch norm follows
    Parameters
        units       M, the number of columns put out
        trainable   False leaves the layer's parameters as they are: their gradient steps are omitted
        initial     glorot, he or uniform, or W itself as nested lists or an array; None chooses by the activation
    Raises
        ValueError: units < 1 or > 1,000,000, or an unknown activation or initial (the message lists the known ones).
    Source
        Rumelhart, Hinton & Williams, Nature 323 (1986), 533-536.
    """

    units: int
    activation: ActivationLike = "linear"
    bias: bool = True
    batch_norm: bool = False
    trainable: bool = True
    initial: Any = None
    then: Activation = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.units, bool) or not hasattr(self.units, "__index__"):
            raise ValueError(f"Dense({self.units!r}): units must be a whole number")
        if self.units < 1:
            raise ValueError(f"Dense({self.units}): units must be at least 1")
        if self.units > MAXIMUM_UNITS:
            raise ValueError(f"Dense({self.units}): a layer holds at most {MAXIMUM_UNITS:,} units")
        object.__setattr__(self, "units", index(self.units))
        object.__setattr__(self, "then", Activation(self.activation))
        object.__setattr__(self, "activation", self.then.name)
        if isinstance(self.initial, str):
            check_initial(self.initial)
        elif self.initial is not None:
            object.__setattr__(self, "initial", as_rows(self.initial))

    def forward(self, build: Builder, x: Name) -> Name:
        build.dense()
        build.trainable = self.trainable
        features = x.shape[1]
        given = None if self.initial is None or isinstance(self.initial, str) else self.initial
        if given is not None and (len(given), len(given[0])) != (features, self.units):
            raise ValueError(
                f"Dense({self.units}): the initial weights have shape ({len(given)}, {len(given[0])}), "
                f"they must have ({features}, {self.units})"
            )
        start = self.initial if isinstance(self.initial, str) else self.then.formula.initial
        beginning = {"values": given} if given else {"limit": limit(start, int(features), self.units)}
        W = build.parameter("W", (features, self.units), penalised=True, **beginning)
        z: Expr = x @ W
        if self.bias and not self.batch_norm:
            z = z + build.parameter("b", (self.units,))
        output = build.step("z", z, "pre_activation")
        if self.batch_norm:
            output = BatchNorm().forward(build, output)
        output = self.then.forward(build, output)
        build.trainable = True
        return output

    def width(self, features: int) -> int:
        return self.units

    @property
    def extras(self) -> tuple[str, ...]:
        return ("batch norm",) if self.batch_norm else ()

    @property
    def activation_formula(self) -> Formula:
        return self.then.formula


def as_rows(values: Any) -> tuple[tuple[float, ...], ...]:
    """A matrix of numbers as nested tuples."""
    try:
        rows = tuple(tuple(float(number) for number in row) for row in values)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("the initial weights must be a matrix of numbers, or glorot, he or uniform") from None
    if not all(isfinite(number) for row in rows for number in row):
        raise ValueError("the initial weights must be finite numbers")
    if not rows or len({len(row) for row in rows}) != 1:
        raise ValueError("the initial weights must be a matrix: rows of the same length")
    return rows
