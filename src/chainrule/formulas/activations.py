"""Activations: one row each, as text. Adding one is adding a row."""

from __future__ import annotations

from collections.abc import Callable

from ..program.expr import Expr
from .formula import Formula, as_text, called_by, looks_like_formula

ROWS = (
    Formula("linear", "z"),
    Formula("sigmoid", "sigmoid(z)"),
    Formula("tanh", "tanh(z)"),
    Formula("relu", "relu(z)", initial="he"),
    Formula("leaky_relu", "leaky_relu(z)", initial="he"),
    Formula("elu", "elu(z)", initial="he"),
    Formula("gelu", "z * normal_cdf(z)", initial="he"),
    Formula("silu", "z * sigmoid(z)", initial="he"),
    Formula("softplus", "softplus(z)", initial="he"),
    Formula("exp", "exp(z)"),
    Formula("softmax", "softmax(z)"),
)

ACTIVATIONS: dict[str, Formula] = {row.name: row for row in ROWS}

ActivationLike = str | Formula | Callable[[Expr], Expr]


def activation(given: ActivationLike) -> Formula:
    """An activation from its name, a formula in z, a `Formula` or a Python function of z.

    Raises
        ValueError: an unknown name (the message lists the known ones).  FormulaError: a formula that cannot be read.
    """
    if isinstance(given, Formula):
        found = given
    elif callable(given):
        found = Formula(called_by(given), as_text(given))
    elif not isinstance(given, str):
        raise ValueError(f"an activation is a name, a formula or a function, not {given!r}")
    elif given in ACTIVATIONS:
        return ACTIVATIONS[given]
    elif looks_like_formula(given):
        found = Formula(given, given)
    else:
        raise ValueError(f"unknown activation '{given}'; known: {', '.join(ACTIVATIONS)}, or a formula in z")
    book = ACTIVATIONS.get(found.name)
    if book is not None and (found.text, found.scalars) == (book.text, book.scalars):
        return found if isinstance(given, Formula) else book
    if book is not None:
        raise ValueError(f"'{found.name}' is an activation of the book, {book.text}; call {found.text} something else")
    if found.variables != ("z",):
        raise ValueError(f"'{found.name}' is no activation: it must be a formula in z, not in p and y")
    return found
