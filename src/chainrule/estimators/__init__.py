"""Estimators: scikit-learn's multi-layer perceptrons, on derived programs. A drop-in, and what its users asked for."""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    NAMES = "MLPClassifier, MLPRegressor and TablePreparer"
    raise ModuleNotFoundError(f"{NAMES} need scikit-learn: pip install 'chainrule[sklearn]'")

from .classifier import MLPClassifier
from .preparer import TablePreparer
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TablePreparer"]
