"""Formula: an activation or a loss as text in the one grammar, with its scalars."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..program.expr import Call, Expr, Function, Name, as_expr, depth_of, is_elementwise, names, size_of, walk
from ..program.ops import OPS, Shape
from ..program.reverse import differentiate, is_zero
from ..program.simplify import simplify
from ..program.text import MAXIMUM_DEPTH, parse, to_text
from .frozen import Frozen
from .initial import check_initial
from .numbers import is_finite

VARIABLES = {"activation": ("z",), "loss": ("p", "y")}
RESERVED = {"X", "N", "W", "t", "a", "b", "d", "l", "delta", "error", "slope", "mask", "h", "mean", "variance", "std",
            "n", "s", "gamma", "rho", "running", "correction", "learning_rate", "rate", "pi"}  # fmt: skip
MAXIMUM_OPERATIONS = 500  # in a formula; its derivative has several times as many
NO_PART = {"matmul": "matrix product", "transpose": "transpose"}  # of a formula, which is one of every element


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
    scalars: Mapping[str, float] = Frozen()
    trainable: tuple[str, ...] = ()
    initial: str = "glorot"

    def __post_init__(self) -> None:
        check_name(self.name)
        if not isinstance(self.text, str):
            raise ValueError(f"formula '{self.name}': a formula is a text or a Python function, not {self.text!r}")
        for scalar in self.scalars:
            taken = scalar in RESERVED or scalar in ("z", "p", "y") or scalar in OPS
            if taken or not re.fullmatch(r"[A-Za-z][A-Za-z_]{0,19}", scalar):
                raise ValueError(
                    f"formula '{self.name}': a scalar cannot be called '{scalar}'; use letters, and none of the names "
                    f"a program has already ({', '.join(sorted(RESERVED))})"
                )
            if not is_finite(self.scalars[scalar]):
                raise ValueError(f"formula '{self.name}': {scalar} must be a number, not {self.scalars[scalar]!r:.40}")
        unknown = set(self.trainable) - set(self.scalars)
        if unknown:
            raise ValueError(f"formula '{self.name}': trainable {', '.join(sorted(unknown))} has no initial value")
        check_initial(self.initial)
        object.__setattr__(self, "scalars", Frozen({key: float(value) for key, value in self.scalars.items()}))
        object.__setattr__(self, "trainable", tuple(self.trainable))
        self.variables  # noqa: B018  reads the formula now, so that an error names it where it was written
        self.of_arrays  # noqa: B018  and once more with the values of its scalars

    @property
    def variables(self) -> tuple[str, ...]:
        """`("z",)` for an activation, `("p", "y")` for the terms of a loss."""
        array: Shape = ("N", "K")
        known = {name: Name(name, array) for name in ("z", "p", "y")} | {name: Name(name) for name in self.scalars}
        expression = parse(self.text, known)
        used = set(names(expression))
        nodes = list(walk(expression))
        for node in nodes:
            if isinstance(node, Call) and node.op in NO_PART:
                raise ValueError(f"formula '{self.name}': a formula may hold no {NO_PART[node.op]}: {self.text}")
        if size_of(expression) > MAXIMUM_OPERATIONS:
            raise ValueError(f"formula '{self.name:.40}' has more than {MAXIMUM_OPERATIONS} operations")
        if "z" in used and used & {"p", "y"}:
            raise ValueError(f"formula '{self.name}' mixes z (an activation) with p and y (a loss): {self.text}")
        if not used & {"z", "p"}:
            raise ValueError(f"formula '{self.name}' uses neither z (an activation) nor p (a loss): {self.text}")
        if expression.shape != array:
            raise ValueError(f"formula '{self.name}' must give one value per element: {self.text}")
        return VARIABLES["activation" if "z" in used else "loss"]

    @property
    def of_arrays(self) -> Expr:
        """The formula of arrays (N, K), its trainable scalars by name."""
        return _of_arrays(self)

    @property
    def op(self) -> str:
        """The op that this activation is, whatever it is called: `softmax` of `softmax(z)`; empty for a longer one."""
        expression = self.of_arrays
        alone = isinstance(expression, Call) and expression.args == (Name("z", ("N", "K")),)
        return expression.op if alone and isinstance(expression, Call) else ""

    @property
    def probability(self) -> str:
        """Whether it gives probabilities, in the words of the op table: `row`, `element`, or empty."""
        expression = self.of_arrays
        return expression.row.probability if isinstance(expression, Call) else ""

    @property
    def elementwise(self) -> bool:
        """Whether each element of the result depends on one of z alone."""
        return is_elementwise(self.of_arrays)

    @property
    def is_flat(self) -> bool:
        """Whether its slope is 0 everywhere: `z > 0`."""
        return self.elementwise and is_zero(differentiate(simplify(self.of_arrays), Name("z", ("N", "K"))))

    def apply(self, **bound: Expr) -> Expr:
        """The formula with its variables, and its trainable scalars, bound to expressions."""
        constants = {name: as_expr(value) for name, value in self.scalars.items() if name not in bound}
        return parse(self.text, {**constants, **bound})


@lru_cache(maxsize=256)
def _of_arrays(formula: Formula) -> Expr:
    """Read once: a fit asks several times what its output is, and reading takes as long as a small epoch."""
    bound = {name: Name(name, ("N", "K")) for name in VARIABLES["activation"] + VARIABLES["loss"]}
    return formula.apply(**bound, **{name: Name(name) for name in formula.trainable})


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
        FormulaError: an unknown name or an unbalanced bracket, with its position.
        ValueError: a name that is taken, a Python function of other parameters than z, or p and y, and the scalars.
        TypeError: a Python function that computes with anything but expressions and numbers.
    """
    check_name(name)
    if callable(text):
        text = as_text(text, scalars, name)
    return Formula(name, text, scalars, tuple(trainable), initial)


def as_text(formula: Callable[..., Expr], scalars: Iterable[str] = (), name: str = "") -> str:
    """A Python function of expressions as text."""
    import inspect

    called = f"formula '{name or called_by(formula)}'"
    if isinstance(formula, Function):
        return f"{formula.op}(z)"
    try:
        parameters = list(inspect.signature(formula).parameters)
    except (TypeError, ValueError):
        parameters = []
    allowed = {"z", "p", "y", *scalars}
    if not parameters or not set(parameters) <= allowed:
        other = ", ".join(parameter for parameter in parameters if parameter not in allowed) or "nothing known"
        raise ValueError(
            f"{called}: a Python function of {other} is no formula; call the parameter z, as in "
            "lambda z: z * cr.sigmoid(z), or those of a loss p and y"
        )
    try:
        result = formula(**{key: Name(key, () if key in scalars else ("N", "K")) for key in parameters})
    except (AttributeError, TypeError) as error:
        raise TypeError(
            f"{called}: {error}; a formula in Python uses arithmetic and the functions of chainrule, such as cr.exp"
        ) from None
    if not isinstance(result, Expr):
        raise TypeError(f"{called} must return an expression, not {type(result).__name__}")
    if depth_of(result) > MAXIMUM_DEPTH:
        raise ValueError(f"{called} has more than {MAXIMUM_DEPTH} operations inside one another")
    if size_of(result) > MAXIMUM_OPERATIONS:
        raise ValueError(f"{called} has more than {MAXIMUM_OPERATIONS} operations")
    return to_text(result)


def called_by(function: Callable[..., Any]) -> str:
    """What a formula from a Python function is called."""
    return str(getattr(function, "__name__", "formula")).replace("<lambda>", "formula")


def check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise ValueError(f"the name of a formula must be a text of printable characters, not {name!r:.40}")


def looks_like_formula(text: str) -> bool:
    """Whether a text is a formula rather than a name."""
    return re.fullmatch(r"\w+", text) is None
