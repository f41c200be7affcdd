"""Labels: classes to columns of the output and back, as scikit-learn's LabelBinarizer has it."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer

from ..engines.engine import Array

MOST_COUNTED = 1000  # from the least class to the greatest


def fitted_binarizer(y: Any) -> Any:
    """A LabelBinarizer fitted on y; for plain integers and text without asking y many times what it is."""
    binarizer = LabelBinarizer()
    plain = type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iubU" and len(y)
    classes = sorted_classes(y) if plain else None
    if classes is None or 2 * len(classes) > len(y):  # many classes: scikit-learn has its say
        return binarizer.fit(y)
    binarizer.y_type_ = "binary" if len(classes) <= 2 else "multiclass"
    binarizer.sparse_input_, binarizer.classes_ = False, classes
    return binarizer


def sorted_classes(y: Array) -> Array:
    """np.unique, for integers that lie close together by counting them."""
    if y.dtype.kind in "iu":
        least, most = int(y.min()), int(y.max())
        if most - least < MOST_COUNTED and most <= np.iinfo(np.int64).max:
            present: Array = np.flatnonzero(np.bincount(y.astype(np.int64) - least)) + least
            return present.astype(y.dtype)
    return np.unique(y)


def encoded(binarizer: Any, y: Any) -> Array:
    """The columns (N, K) of y, zeros and ones; one column for two classes."""
    classes = binarizer.classes_
    plain = type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iubU" and y.dtype.kind == classes.dtype.kind
    if not plain or not binarizer.y_type_.startswith(("binary", "multiclass")):
        columns: Array = np.asarray(binarizer.transform(y))
        return columns.astype(bool)
    if len(classes) == 2:
        second: Array = y == classes[1]
        return second[:, np.newaxis]
    hot: Array = y[:, np.newaxis] == classes
    return hot if len(classes) > 2 else ~hot


def decoded(binarizer: Any, output: Array) -> Any:
    """The classes of an output (N, K) of probabilities."""
    classes = binarizer.classes_
    if binarizer.sparse_input_ or binarizer.y_type_.startswith("multilabel"):
        return binarizer.inverse_transform(output)
    if binarizer.y_type_ == "multiclass":
        return classes[output.argmax(axis=1)]
    return classes[(output[:, 0] > 0.5).astype(np.intp) if len(classes) == 2 else np.zeros(len(output), np.intp)]
