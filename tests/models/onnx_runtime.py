"""ONNX files run by onnxruntime, a table in."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import Table
from chainrule.data.features import CategoricalFeature
from chainrule.models import Predictor


def run(model: Predictor, table: Table) -> dict[str, Any]:
    """The outputs for the rows of a table, by name."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(model.to_onnx(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, cells(model, table)), strict=True))


def cells(model: Predictor, table: Table) -> dict[str, Any]:
    """Each column as an input: numbers with NaN where one is missing, texts without blanks around them."""
    found: dict[str, Any] = {}
    for feature in model.preparation.features:
        column = table.column(feature.name)
        if isinstance(feature, CategoricalFeature):
            found[feature.name] = np.array([[text] for text in column.labels(False)], dtype=object)
        else:
            found[feature.name] = np.where(column.missing, np.nan, column.numbers.values)[:, None]
    return found
