"""Losses: one row each. A loss is a formula per element and a reduction, weighted on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ..program.expr import Expr, Name, call
from ..program.ops import Shape
from ..program.reverse import size
from ..program.simplify import simplify
from .formula import Formula, as_text, called_by, looks_like_formula
from .frozen import Frozen

Reduction = Literal["elements", "rows", "sum"]
Target = Literal["real", "nonnegative", "unit", "probabilities"]


@dataclass(frozen=True)
class Loss:
    """A row of the table.

    terms       per element, in p (the output) and y
    reduction   mean over all elements, mean over rows (the terms of a row are summed), or sum over everything
    factor      in front of the reduction
    fused       output activation -> the op that takes its pre-activation z instead: exact, and with the delta p - y
    outputs     the output activations it fits; empty for any. Formulas of your own are taken at their word
    target      what y may hold
    """

    name: str
    terms: Formula
    reduction: Reduction = "elements"
    factor: float = 1.0
    fused: Mapping[str, str] = Frozen()
    outputs: tuple[str, ...] = ()
    target: Target = "real"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fused", Frozen(self.fused))

    def check_output(self, activation: str, known: bool) -> None:
        """Refuse an output activation that does not fit."""
        if self.outputs and known and activation not in self.outputs:
            wanted = " or ".join(self.outputs)
            raise ValueError(f"loss {self.name} needs {wanted} as output activation, not {activation}")

    def of(self, output: Expr, y: Expr, fused: str, weights: Expr | None, total: Expr | None) -> Expr:
        """The loss as an expression.

        output      the prediction p, or where `fused` names an op the pre-activation z, (N, K)
        weights     (N, 1) or None; total is their sum
        """
        terms = call(fused, output, y) if fused else self.terms.apply(p=output, y=y)
        if weights is not None:
            terms = weights * terms
        return simplify(self.factor * self.reduce(terms, output.shape, total))

    def reduce(self, terms: Expr, shape: Shape, total: Expr | None) -> Expr:
        if self.reduction == "sum":
            return terms.sum()
        if self.reduction == "rows":
            return terms.sum() / (total if total is not None else Name("N"))
        if total is not None:
            return terms.sum() / simplify(total * size(shape, 1))
        return terms.mean()


def row(name: str, terms: str, **rest: object) -> Loss:
    return Loss(name, Formula(name, terms), **rest)  # type: ignore[arg-type]  # rest holds Loss's own fields


ROWS = (
    row("half_squared_error", "(p - y)**2", reduction="sum", factor=0.5),
    row("half_mean_squared_error", "(p - y)**2", factor=0.5),
    row("mean_squared_error", "(p - y)**2"),
    row("mean_absolute_error", "abs(p - y)"),
    row("huber", "huber(p - y)"),
    row(
        "poisson",
        "p - y * log(p)",
        fused={"exp": "poisson_deviance"},
        outputs=("exp", "softplus", "sigmoid"),
        target="nonnegative",
    ),
    row(
        "binary_cross_entropy",
        "-(y * log(p) + (1 - y) * log(1 - p))",
        fused={"sigmoid": "binary_cross_entropy"},
        outputs=("sigmoid",),
        target="unit",
    ),
    row(
        "softmax_cross_entropy",
        "-(y * log(p))",
        reduction="rows",
        fused={"softmax": "softmax_cross_entropy"},
        outputs=("softmax",),
        target="probabilities",
    ),
)

LOSSES: dict[str, Loss] = {row.name: row for row in ROWS}

LossLike = str | Loss | Formula | Callable[[Expr, Expr], Expr]


def loss(given: LossLike) -> Loss:
    """A loss from its name, or the mean over all elements of a formula in p and y.

    Raises
        ValueError: an unknown name (the message lists the known ones).  FormulaError: a formula that cannot be read.
    """
    if isinstance(given, Loss):
        return given
    if isinstance(given, str) and given in LOSSES:
        return LOSSES[given]
    if isinstance(given, str) and not looks_like_formula(given):
        raise ValueError(f"unknown loss '{given}'; known: {', '.join(LOSSES)}, or a formula in p and y")
    if isinstance(given, Formula):
        terms = given
    elif isinstance(given, str):
        terms = Formula(given, given)
    elif callable(given):
        terms = Formula(called_by(given), as_text(given))
    else:
        raise ValueError(f"a loss is a name, a formula or a function, not {given!r}")
    if terms.name in LOSSES:
        raise ValueError(f"'{terms.name}' is a loss of the book; call {terms.text} something else")
    if terms.variables != ("p", "y"):
        raise ValueError(f"'{terms.name}' is no loss: it must be a formula in p and y, not in z")
    if terms.trainable:
        raise ValueError(f"loss '{terms.name}': a loss has no trainable scalars ({', '.join(terms.trainable)})")
    return Loss(terms.name, terms)


def output_for(loss: str) -> str:
    """The output activation that goes with a loss of the book: softmax with softmax_cross_entropy; else linear."""
    return next(iter(LOSSES[loss].fused), "linear") if loss in LOSSES else "linear"


def loss_for(output: str) -> str | None:
    """The loss of the book that goes with an output activation: softmax_cross_entropy with softmax."""
    return next((name for name, row in LOSSES.items() if output in row.fused), None)
