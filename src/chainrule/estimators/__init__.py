"""Estimators: scikit-learn's multi-layer perceptrons, on derived programs. A drop-in, and what its users asked for."""

try:
    import sklearn as _  # an extra: told here how to get it, not by a traceback from further in
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "MLPClassifier and MLPRegressor need scikit-learn: pip install 'chainrule[sklearn]'"
    ) from error

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
