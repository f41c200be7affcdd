"""Checks for arrays handed to training. What comes back is contiguous, in the dtype asked for, copied only if needed.

Nothing is guessed and nothing broadcasts: what does not fit is a ValueError that says what, where, and what to do.
Positions are 0-based, as in NumPy: `X[3, 1] is NaN`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

SUM_TOLERANCE = 1e-5
"""How far the sum of a row of probabilities may be from 1: what float32 needs."""


def check_features(
    X: ArrayLike, name: str = "X", width: int | None = None, dtype: DTypeLike = np.float64
) -> NDArray[np.floating]:
    """X (N, D): two-dimensional, numeric, finite, not empty, D = `width` where that is given.

    Raises
        ValueError: it is not so.
    """
    values = _numeric(X, name)
    if values.ndim != 2:
        hint = f"; {name}.reshape(-1, 1) makes it one column, {name}.reshape(1, -1) one row" if values.ndim == 1 else ""
        raise ValueError(f"{name} has shape {values.shape}: it must have two dimensions, a row a sample{hint}")
    _check_not_empty(values, name)
    if width is not None and values.shape[1] != width:
        raise ValueError(f"{name} has {values.shape[1]} columns, but the network has {_counted(width, 'input')}")
    return _converted(values, name, dtype)


def check_target(
    y: ArrayLike, rows: int, outputs: int, name: str = "y", dtype: DTypeLike = np.float64
) -> NDArray[np.floating]:
    """Y (N, M) for N = `rows` and M = `outputs`.

    y may be (N, M); one-dimensional of N numbers where M is 1; or N labels 0..M-1 of an integer type where M is more,
    which become one-hot rows. Every other shape, which NumPy would broadcast or repeat, is refused.

    Raises
        ValueError: not numeric, not finite, another shape, a label outside 0..M-1.
    """
    values = _numeric(y, name)
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} has shape {values.shape}: it must be ({rows}, {outputs}){_or_flat(rows, outputs)}")
    _check_not_empty(values, name)
    if len(values) != rows:
        raise ValueError(f"{name} has {_counted(len(values), 'row')}, but X has {rows}: a row of each belongs together")
    if values.ndim == 1 and outputs > 1:
        return one_hot(values, outputs, name, dtype)
    if values.ndim == 2 and values.shape[1] != outputs:
        raise ValueError(
            f"{name} has shape {values.shape}, but the network has {_counted(outputs, 'output')}: "
            f"it must be ({rows}, {outputs}){_or_flat(rows, outputs)}"
        )
    return _converted(values, name, dtype).reshape(rows, outputs)


def one_hot(labels: NDArray[Any], outputs: int, name: str = "y", dtype: DTypeLike = np.float64) -> NDArray[np.floating]:
    """(N, M) with a 1 in the column each label (N,) names.

    Raises
        ValueError: labels that are not of an integer type, or not in 0..M-1.
    """
    if labels.dtype.kind not in "iub":
        raise ValueError(
            f"{name} is one-dimensional of type {labels.dtype}, but the network has {outputs} outputs: give labels "
            f"0 to {outputs - 1} as integers ({name}.astype(int)), or an array with {outputs} columns"
        )
    outside = (labels < 0) | (labels >= outputs)
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(f"{name}[{row}] is {int(labels[row])}: labels must be 0 to {outputs - 1}, one for each output")
    encoded = np.zeros((len(labels), outputs), dtype=dtype)
    encoded[np.arange(len(labels)), labels.astype(np.int64)] = 1
    return encoded


def check_unit_interval(Y: NDArray[np.floating], loss: str, name: str = "y") -> None:
    """Raises ValueError where a value of Y (N, M) lies outside [0, 1], as `loss`, a cross-entropy, requires."""
    _check_none((Y < 0) | (Y > 1), Y, name, f"for {loss} it must lie in [0, 1]")


def check_distributions(Y: NDArray[np.floating], loss: str, name: str = "y") -> None:
    """Raises ValueError where a row of Y (N, M) is not a distribution: values in [0, 1] whose sum is 1."""
    check_unit_interval(Y, loss, name)
    sums = Y.sum(axis=1, dtype=np.float64)
    wrong = np.abs(sums - 1) > SUM_TOLERANCE
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{name}[{row}] sums to {sums[row]:.6g}: for {loss} each row must sum to 1, "
            "as one-hot rows and probabilities do"
        )


def check_not_negative(Y: NDArray[np.floating], loss: str, name: str = "y") -> None:
    """Raises ValueError where a value of Y (N, M) is below 0, as `loss` (poisson) requires."""
    _check_none(Y < 0, Y, name, f"for {loss} it must not be negative")


def check_row_weights(
    weights: ArrayLike, rows: int, name: str = "sample_weight", dtype: DTypeLike = np.float64
) -> NDArray[np.floating]:
    """Weights (N,) of N = `rows` samples: finite, not negative, not all 0. Raises ValueError where they are not so."""
    values = _numeric(weights, name)
    if values.shape != (rows,):
        raise ValueError(f"{name} has shape {values.shape}: it must be ({rows},), a weight for each row of X")
    values = _converted(values, name, dtype)
    _check_none(values < 0, values, name, "a weight must not be negative")
    if not values.any():
        raise ValueError(f"{name} is 0 in every row: at least one weight must be above 0")
    return values


def _numeric(array: ArrayLike, name: str) -> NDArray[Any]:
    """`array` as an ndarray of a real numeric type."""
    if np.ma.isMaskedArray(array) and np.ma.getmaskarray(array).any():
        raise ValueError(f"{name} has masked values: fill them in, or remove their rows")
    try:
        values = np.asarray(array)
    except ValueError:
        raise ValueError(f"{name} is not a regular array: its rows must be equally long") from None
    if values.dtype.kind not in "fiub":
        found = {"U": "text", "S": "text", "c": "complex numbers"}.get(values.dtype.kind, f"type {values.dtype}")
        raise ValueError(f"{name} holds {found}: it must hold real numbers")
    return values


def _check_not_empty(values: NDArray[Any], name: str) -> None:
    if not values.size:
        raise ValueError(f"{name} has shape {values.shape}: it is empty")


def _converted(values: NDArray[Any], name: str, dtype: DTypeLike) -> NDArray[np.floating]:
    """`values` in `dtype`, rows contiguous, every value finite there."""
    with np.errstate(over="ignore"):
        converted: NDArray[np.floating] = np.ascontiguousarray(values, dtype=dtype)
    finite = np.isfinite(converted)
    if not finite.all():
        position = _position(~finite)
        value = float(values[position])
        where = f"{name}[{', '.join(map(str, position))}]"
        if np.isfinite(value):
            raise ValueError(f"{where} is {value:g}: too large for {converted.dtype}; scale the data, or use float64")
        shown = "NaN" if np.isnan(value) else "infinite" if value > 0 else "minus infinity"
        raise ValueError(f"{where} is {shown}: fill it in, or remove the row")
    return converted


def _check_none(wrong: NDArray[np.bool_], values: NDArray[np.floating], name: str, demand: str) -> None:
    if wrong.any():
        position = _position(wrong)
        raise ValueError(f"{name}[{', '.join(map(str, position))}] is {float(values[position]):g}: {demand}")


def _position(wrong: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.unravel_index(int(wrong.argmax()), wrong.shape))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _or_flat(rows: int, outputs: int) -> str:
    return f" or ({rows},)" if outputs == 1 else f", or {rows} integer labels 0 to {outputs - 1}"
