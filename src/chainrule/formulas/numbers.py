"""What counts as a number in a declaration."""

from __future__ import annotations

from math import isfinite
from typing import Any


def is_finite(value: Any) -> bool:
    """Whether it is a number, no truth value, and a finite one that a float can hold."""
    try:
        return not isinstance(value, bool) and isinstance(value, (int, float)) and isfinite(value)
    except OverflowError:
        return False
