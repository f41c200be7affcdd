"""What an estimator is given, checked as scikit-learn checks it; plain data and known parameters in no time."""

from __future__ import annotations

import os
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..engines import ENGINES, MOST_THREADS
from ..formulas.activations import ACTIVATIONS as BOOK
from ..formulas.formula import Formula, looks_like_formula
from ..formulas.losses import LOSSES, Loss
from ..formulas.optimizers import OPTIMIZERS, Optimizer
from .rules import ACTIVATIONS, OWN_LOSSES

PLAIN = (int, float, str, bool, type(None), tuple)  # their repr says all there is
KNOWN_LIMIT = 4096
known_good: set[Any] = set()


class TextOptions(StrOptions):  # type: ignore[misc]  # scikit-learn has no type information
    """One of some names, or a formula."""

    def __init__(self, options: set[str], variables: str) -> None:
        super().__init__(options)
        self.variables = variables

    def is_satisfied_by(self, val: Any) -> bool:
        return bool(super().is_satisfied_by(val)) or (isinstance(val, str) and looks_like_formula(val))

    def __str__(self) -> str:
        return f"{super().__str__()} or a formula in {self.variables}"


def at_least(kind: type, least: float, most: float | None = None, closed: str = "left") -> Any:
    return Interval(kind, least, most, closed=closed)


ACTIVATION = [TextOptions({*ACTIVATIONS, *BOOK}, "z"), Formula, callable]

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", at_least(Integral, 1)],
    "activation": [*ACTIVATION, list, tuple],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [at_least(Real, 0)],
    "batch_size": [StrOptions({"auto"}), at_least(Integral, 1)],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [at_least(Real, 0, closed="neither")],
    "power_t": [at_least(Real, 0)],
    "max_iter": [at_least(Integral, 1)],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [at_least(Real, 0)],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [at_least(Real, 0, 1, "both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [at_least(Real, 0, 1)],
    "beta_1": [at_least(Real, 0, 1)],
    "beta_2": [at_least(Real, 0, 1)],
    "epsilon": [at_least(Real, 0, closed="neither")],
    "n_iter_no_change": [at_least(Integral, 1), Options(Real, {np.inf})],
    "max_fun": [at_least(Integral, 1)],
    "output_activation": [None, *ACTIVATION],
    "optimizer": [None, StrOptions(set(OPTIMIZERS)), Optimizer],
    "dropout": [at_least(Real, 0, 1), list, tuple],
    "batch_norm": ["boolean"],
    "l1": [at_least(Real, 0)],
    "clip_norm": [None, at_least(Real, 0, closed="neither")],
    "callbacks": [None, list, tuple],
    "validation_data": [None, list, tuple],
    "engine": [StrOptions({"auto", *ENGINES})],
    "library": [None, str, os.PathLike],
    "progress": [None, "boolean"],
    "threads": [Interval(Integral, 1, MOST_THREADS, closed="both")],
}
LOSS = [TextOptions({*LOSSES, *OWN_LOSSES}, "p and y"), Formula, Loss, callable]
CLASSIFIER_LOSS = [TextOptions({"log_loss", *LOSSES}, "p and y"), Formula, Loss, callable]


def check_parameters(estimator: Any) -> None:
    """InvalidParameterError as scikit-learn words it. What was found good before is not looked at again."""
    values = [getattr(estimator, name) for name in estimator._parameter_constraints]
    if not all(isinstance(value, PLAIN) for value in values):
        estimator._validate_params()
        return
    key = (type(estimator), repr(values))
    if key not in known_good:
        estimator._validate_params()
        if len(known_good) < KNOWN_LIMIT:
            known_good.add(key)


def is_plain(X: Any, columns: int | None = None) -> bool:
    """Whether X is an array of finite numbers that needs no converting: then there is nothing to check."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype.char in "fd"
        and X.size > 0
        and (columns is None or X.shape[1] == columns)
        and bool(np.isfinite(X).all())
    )


def is_plain_target(y: Any, rows: int, kinds: str) -> bool:
    """The same for one-dimensional y, of one of these kinds of dtype."""
    if type(y) is not np.ndarray or y.ndim != 1 or len(y) != rows or y.dtype.kind not in kinds:
        return False
    return y.dtype.kind != "f" or (y.dtype.char in "fd" and bool(np.isfinite(y).all()))
