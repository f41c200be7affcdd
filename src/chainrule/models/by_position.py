"""What the columns of a model mean that was trained on arrays: by position, and as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..data import Preparation
from ..data.features import NumericFeature, Scale
from ..data.target import ClassTarget, NumberTarget, Target

if TYPE_CHECKING:
    from ..formulas.losses import Loss
    from ..network import Network

AS_IT_IS = Scale(0.0, 1.0)
TARGET = "y"


def by_position(network: Network, loss: Loss | None) -> Preparation | None:
    """Columns x1, x2, ... of numbers as they are, none of them missing; the classes 0, 1, ... where the loss is one for
    classes, else a number. None where several outputs are numbers."""
    names = [f"x{i + 1}" for i in range(network.inputs)]
    if loss is not None and loss.target in ("unit", "probabilities"):
        classes = tuple(map(str, range(max(2, network.outputs))))
        return as_given(names, ClassTarget(TARGET, classes, numeric=True))
    return as_given(names, NumberTarget(TARGET, AS_IT_IS)) if network.outputs == 1 else None


def as_given(names: Sequence[str], target: Target, scales: Sequence[Scale] | None = None) -> Preparation:
    """Columns of numbers that must all be there, as they are or with these scales."""
    given = [AS_IT_IS] * len(names) if scales is None else scales
    return Preparation(tuple(NumericFeature(n, scale, None) for n, scale in zip(names, given, strict=True)), target)
