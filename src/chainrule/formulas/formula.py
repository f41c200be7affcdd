"""Formula: an activation or a loss as text in the one grammar, with its scalars."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite

from ..program.expr import Expr, Name, as_expr, names
from ..program.ops import OPS, Shape
from ..program.text import parse, to_text
from .initial import check_initial

VARIABLES = {"activation": ("z",), "loss": ("p", "y")}
RESERVED = {"X", "N", "W", "t", "a", "b", "d", "l", "delta", "error", "slope", "mask", "h", "mean", "variance", "std",
            "n", "s", "gamma", "rho", "running", "correction", "learning_rate", "rate", "pi"}  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """An activation `f(z)` or the terms of a loss `f(p, y)`, as text.

    name        how it is called in messages and notations
    text        the formula, in the grammar of `chainrule.program.text`; z, or p (the output) and y, and the scalars
    scalars     the other names in it, with their values; of these `trainable` are parameters of each layer
    initial     for an activation: how weights in front of it start (a row of `formulas.initial`)
    """

    name: str
    text: str
    scalars: Mapping[str, float] = field(default_factory=dict)
    trainable: tuple[str, ...] = ()
    initial: str = "glorot"

    def __post_init__(self) -> None:
        for scalar in self.scalars:
            taken = scalar in RESERVED or scalar in ("z", "p", "y") or scalar in OPS
            if taken or not re.fullmatch(r"[A-Za-z][A-Za-z_]{0,19}", scalar):
                raise ValueError(
                    f"formula '{self.name}': a scalar cannot be called '{scalar}'; use letters, and none of the names "
                    f"a program has already ({', '.join(sorted(RESERVED))})"
                )
            value = self.scalars[scalar]
            if not isinstance(value, (int, float)) or not isfinite(value):
                raise ValueError(f"formula '{self.name}': {scalar} must be a number, not {value!r}")
        unknown = set(self.trainable) - set(self.scalars)
        if unknown:
            raise ValueError(f"formula '{self.name}': trainable {', '.join(sorted(unknown))} has no initial value")
        check_initial(self.initial)
        object.__setattr__(self, "scalars", {key: float(value) for key, value in self.scalars.items()})
        object.__setattr__(self, "trainable", tuple(self.trainable))
        self.variables  # noqa: B018  reads the formula now, so that an error names it where it was written

    @property
    def variables(self) -> tuple[str, ...]:
        """`("z",)` for an activation, `("p", "y")` for the terms of a loss."""
        array: Shape = ("N", "K")
        known = {name: Name(name, array) for name in ("z", "p", "y")} | {name: Name(name) for name in self.scalars}
        expression = parse(self.text, known)
        used = set(names(expression))
        if "z" in used and used & {"p", "y"}:
            raise ValueError(f"formula '{self.name}' mixes z (an activation) with p and y (a loss): {self.text}")
        if not used & {"z", "p"}:
            raise ValueError(f"formula '{self.name}' uses neither z (an activation) nor p (a loss): {self.text}")
        if expression.shape != array:
            raise ValueError(f"formula '{self.name}' must give one value per element: {self.text}")
        return VARIABLES["activation" if "z" in used else "loss"]

    def apply(self, **bound: Expr) -> Expr:
        """The formula with its variables, and its trainable scalars, bound to expressions."""
        constants = {name: as_expr(value) for name, value in self.scalars.items() if name not in bound}
        return parse(self.text, {**constants, **bound})


def formula(
    name: str,
    text: str | Callable[..., Expr],
    *,
    trainable: Iterable[str] = (),
    initial: str = "glorot",
    **scalars: float,
) -> Formula:
    """Your own activation, in terms of z, or loss terms, in terms of p (the output) and y.

        swish = formula("swish", "z * sigmoid(beta * z)", beta=1.0, trainable=["beta"])
        logcosh = formula("logcosh", lambda p, y: softplus(2 * (p - y)) - (p - y))

    A Python function of expressions means the same as its text; it is called once, here. The formula is plain data from
    then on: derived, printed, run on every engine, checked, pickled, stored as text like the built-in ones.

    Raises
        FormulaError: an unknown name or an unbalanced bracket, with its position.  ValueError: a name that is taken.
    """
    if callable(text):
        text = as_text(text, scalars)
    return Formula(name, text, scalars, tuple(trainable), initial)


def as_text(formula: Callable[..., Expr], scalars: Mapping[str, float] = {}) -> str:
    """A Python function of expressions as text."""
    import inspect

    variables = list(inspect.signature(formula).parameters)
    result = formula(**{name: Name(name, ("N", "K")) for name in variables})
    if not isinstance(result, Expr):
        raise TypeError(f"the formula must return an expression, not {type(result).__name__}")
    return to_text(result)


def looks_like_formula(text: str) -> bool:
    """Whether a text is a formula rather than a name."""
    return re.fullmatch(r"\w+", text) is None
