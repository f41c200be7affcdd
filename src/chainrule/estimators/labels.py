"""Labels: classes to columns of the output and back, as scikit-learn's LabelBinarizer has it."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer

from ..engines.engine import Array


def fitted_binarizer(y: Any) -> Any:
    """A LabelBinarizer fitted on y; for plain integers and text without asking y many times what it is."""
    binarizer = LabelBinarizer()
    plain = type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iubU" and len(y)
    classes = np.unique(y) if plain else None
    if classes is None or 2 * len(classes) > len(y):  # many classes: scikit-learn has its say
        return binarizer.fit(y)
    binarizer.y_type_ = "binary" if len(classes) <= 2 else "multiclass"
    binarizer.sparse_input_, binarizer.classes_ = False, classes
    return binarizer


def encoded(binarizer: Any, y: Any) -> Array:
    """The columns (N, K) of y, zeros and ones; one column for two classes."""
    classes = binarizer.classes_
    plain = type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iubU" and y.dtype.kind == classes.dtype.kind
    if not plain or not binarizer.y_type_.startswith(("binary", "multiclass")):
        columns: Array = np.asarray(binarizer.transform(y))
        return columns.astype(bool)
    hot: Array = y[:, np.newaxis] == classes
    return hot if len(classes) > 2 else hot[:, 1:] if len(classes) == 2 else ~hot


def decoded(binarizer: Any, output: Array) -> Any:
    """The classes of an output (N, K) of probabilities."""
    classes = binarizer.classes_
    if binarizer.sparse_input_ or binarizer.y_type_.startswith("multilabel"):
        return binarizer.inverse_transform(output)
    if binarizer.y_type_ == "multiclass":
        return classes[output.argmax(axis=1)]
    return classes[(output[:, 0] > 0.5).astype(np.intp) if len(classes) == 2 else np.zeros(len(output), np.intp)]
