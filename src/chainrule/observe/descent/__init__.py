"""Descent of a function of one or two variables: the same idea as training, on a curve that can be drawn."""

from .descent import Descent, descend
from .differences import Differences, differences
from .function import Curve

__all__ = ["Curve", "Descent", "Differences", "descend", "differences"]
