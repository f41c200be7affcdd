"""What a training is given, checked before anything runs: numbers, data, weights of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..data import (
    check_distributions,
    check_features,
    check_not_negative,
    check_row_weights,
    check_target,
    check_unit_interval,
    quoted,
)
from ..engines.engine import DTYPES, Array
from ..program.steps import Program

TARGET_CHECKS = {
    "unit": check_unit_interval,
    "probabilities": check_distributions,
    "nonnegative": check_not_negative,
}


def check_program(program: Any) -> Program:
    if not isinstance(program, Program):
        raise ValueError(f"a Program is needed, as derive(network, loss, optimizer) gives one, not {shown(program)}")
    return program


def check_known(what: str, given: Any, known: Iterable[str]) -> None:
    """Values by name.  ValueError: no mapping, or an unknown name (the message lists the known ones)."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{what} must be a dict, name -> array, not {shown(given)}")
    for name in given:
        if name not in known:
            raise ValueError(f"{what}: there is no {quoted(str(name))}; there is {', '.join(known) or 'none at all'}")


def is_whole(value: Any) -> bool:
    """Whether it is a whole number, one of NumPy's included, and no array."""
    return not isinstance(value, bool) and hasattr(value, "__index__") and not getattr(value, "shape", ())


def check_number(name: str, value: Any, demand: str, least: float, most: float = float("inf")) -> float:
    """A finite number from `least` to below `most`; `demand` says so."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not real or not least <= value < most:
        raise ValueError(f"{name} must be {demand}, not {shown(value)}")
    return float(value)


def check_whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    if not is_whole(value) or value < least or (most and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {bounds}, not {shown(value)}")
    return int(value)


def check_dtype(dtype: Any) -> str:
    if dtype not in DTYPES:
        raise ValueError(f"unknown dtype '{dtype}'; known: {', '.join(DTYPES)}")
    return str(dtype)


def check_pair(given: Any) -> tuple[Any, Any]:
    """X and y of validation data."""
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise ValueError(f"validation must be a pair, (X, y), not {shown(given)}")
    return given[0], given[1]


def check_data(program: Program, X: Any, y: Any, dtype: str, what: str = "") -> tuple[Array, Array]:
    """X (N, D) and y (N, K) in the dtype, as the program and its loss need them."""
    features = check_features(X, f"{what}X", int(program.inputs["X"][1]), np.dtype(dtype))
    target = check_target(y, len(features), int(program.inputs["y"][1]), f"{what}y", np.dtype(dtype))
    features, target = read_only(features), read_only(target)
    check_for_loss(program, target, f"{what}y")
    return features, target


def check_for_loss(program: Program, target: Array, name: str = "y") -> None:
    """ValueError: a target (N, K) that the loss does not take, with row and column."""
    loss = program.declaration.loss
    if loss.target in TARGET_CHECKS:
        TARGET_CHECKS[loss.target](target, loss.name, name)


def read_only(array: Array) -> Array:
    """The same numbers, not copied, for readers: they may be the caller's own."""
    view = array.view()
    view.flags.writeable = False
    return view


def row_weights(y: Array, sample_weight: Any, class_weight: Any, dtype: np.dtype[Any]) -> Array | None:
    """The weight of every row (N, 1), from row and class weights; None where there are neither."""
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(y)) if sample_weight is None else check_row_weights(sample_weight, len(y))
    if class_weight is not None:
        weights = weights * weights_of_classes(y, class_weight)
    return check_row_weights(weights, len(y), dtype=dtype).reshape(-1, 1)


def weights_of_classes(y: Array, class_weight: Any) -> Array:
    """For every row (N,) the weight of its class."""
    if not ((y == 0) | (y == 1)).all() or (y.shape[1] > 1 and not (y.sum(axis=1) == 1).all()):
        raise ValueError("class_weight needs classes: y must be labels, 0 and 1, or one-hot rows")
    labels = y[:, 0].astype(int) if y.shape[1] == 1 else y.argmax(axis=1)
    classes = max(2, y.shape[1])
    if class_weight == "balanced":
        counts = np.bincount(labels, minlength=classes)
        by_class = len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    elif isinstance(class_weight, Mapping):
        by_class = np.ones(classes)
        for label, weight in class_weight.items():
            if not is_whole(label) or label not in range(classes):
                raise ValueError(f"class_weight names class {label!r}; the classes are 0 to {classes - 1}")
            by_class[label] = check_number(f"class_weight of class {label}", weight, "a number of at least 0", 0)
        if not by_class[labels].any():
            raise ValueError("class_weight is 0 for every class in y: at least one weight must be above 0")
    else:
        raise ValueError(f'class_weight must be {{label: weight}} or "balanced", not {shown(class_weight)}')
    return np.asarray(by_class[labels])


def weighted(program: Program) -> Program:
    """The same program for rows with weights."""
    if "sample_weight" in program.inputs:
        return program
    if program.edited:
        raise ValueError("an edited program cannot be given sample weights; derive it with weighted=True, then replace")
    changed: Program = program.declaration.changed(weighted=True).derive()
    return changed if program.unfolded else changed.full


def shown(value: Any) -> str:
    """A value in a message, in a few words."""
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else f"an object of type {type(value).__name__}"
