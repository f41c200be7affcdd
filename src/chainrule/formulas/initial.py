"""How weights start: one row each, the limit of a uniform distribution on [-limit, limit)."""

from __future__ import annotations

from ..program.expr import Name
from ..program.text import parse

LIMITS: dict[str, str] = {
    "glorot": "sqrt(6 / (fan_in + fan_out))",  # Glorot & Bengio (2010), eq. 16
    "he": "sqrt(6 / fan_in)",  # He et al. (2015), eq. 10, as a uniform distribution
    "uniform": "1",
}


def check_initial(given: str) -> str:
    """The name of a row.  ValueError: an unknown one (the message lists the known ones)."""
    if given not in LIMITS:
        raise ValueError(f"unknown initial weights '{given}'; known: {', '.join(LIMITS)}, or an array")
    return given


def limit(row: str, fan_in: int, fan_out: int) -> str:
    """The limit as a formula with numbers in it, `sqrt(6 / (3 + 4))`."""
    from ..program.expr import Number, substitute
    from ..program.text import to_text

    formula = parse(LIMITS[row], {"fan_in": Name("fan_in"), "fan_out": Name("fan_out")})
    return to_text(substitute(formula, {"fan_in": Number(float(fan_in)), "fan_out": Number(float(fan_out))}))
