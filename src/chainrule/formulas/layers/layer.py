"""Layer: what every layer can do."""

from __future__ import annotations

from dataclasses import dataclass

from ...program.builder import Builder
from ...program.expr import Name
from ..formula import Formula


@dataclass(frozen=True)
class Layer:
    """A declared layer: plain data, and the forward steps it stands for."""

    def forward(self, build: Builder, x: Name) -> Name:
        """Write the steps from x (N, D) to the output (N, M) into the builder; return the output's name."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def width(self, features: int) -> int:
        """The number of columns it puts out for that many going in."""
        return features

    @property
    def extras(self) -> tuple[str, ...]:
        """What a title names besides units and activations: `batch norm`."""
        return ()

    @property
    def activation_formula(self) -> Formula | None:
        """The activation it ends with, or None where it leaves the activation as it is."""
        return None

    @property
    def activation_name(self) -> str | None:
        """What that activation is called."""
        return None if self.activation_formula is None else self.activation_formula.name
