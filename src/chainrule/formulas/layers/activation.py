"""Activation: a non-linear function of every element (softmax: of every row)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...program.builder import Builder
from ...program.expr import Name
from ..activations import ActivationLike, activation
from ..formula import Formula
from .layer import Layer


@dataclass(frozen=True)
class Activation(Layer):
    """a = f(x).

    Shapes
        x, a (N, M)
    Raises
        ValueError: an unknown activation (the message lists the known ones).
    """

    name: ActivationLike
    formula: Formula = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "formula", activation(self.name))
        object.__setattr__(self, "name", self.formula if callable(self.name) else self.name)

    def forward(self, build: Builder, x: Name) -> Name:
        if self.formula.text == "z":
            return x
        scalars = {name: build.parameter(name, (), start=self.formula.scalars[name]) for name in self.formula.trainable}
        return build.activation(self.formula.apply(z=x, **scalars), x, "activation")

    @property
    def activation_formula(self) -> Formula:
        return self.formula
