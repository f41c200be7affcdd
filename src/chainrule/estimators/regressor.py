"""MLPRegressor: scikit-learn's multi-layer perceptron for numbers, on derived programs."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import xlogy
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from ..engines.engine import Array
from ..training.metrics import Metric
from .base import Perceptron
from .checks import CONSTRAINTS, LOSS, check_parameters
from .classifier import is_stochastic
from .scores import r2


class MLPRegressor(RegressorMixin, Perceptron):  # type: ignore[misc]  # scikit-learn has no type information
    """A multi-layer perceptron for numbers: scikit-learn's `MLPRegressor`, run as the program that it derives.

    Parameters, defaults, attributes, warnings and messages are those of scikit-learn 1.9, and with the same
    `random_state` so are the weights, to rounding. `MLPClassifier` describes what there is on top; here also

    loss            also any loss of the book, or a formula in p (the output) and y: "huber", "abs(p - y)"

    Of several outputs the squared errors add up, in `loss_` as in the gradient; scikit-learn reports their mean.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {**CONSTRAINTS, "loss": LOSS}
    _target_kinds = "fiub"

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        output_activation: Any = None,
        optimizer: Any = None,
        dropout: Any = 0.0,
        batch_norm: bool = False,
        l1: float = 0.0,
        clip_norm: float | None = None,
        callbacks: Any = None,
        validation_data: Any = None,
        engine: str = "auto",
        library: Any = None,
        progress: bool | None = False,
        threads: int = 1,
    ) -> None:
        given = dict(locals())
        del given["self"]
        self.__dict__.update(given)

    def _default_output(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _checked_target(self, y: Any, incremental: bool) -> Array:
        return self._columns(y)

    def _columns(self, y: Any) -> Array:
        columns: Array = np.asarray(y)
        return columns.reshape(-1, 1) if columns.ndim == 1 else columns

    def _metric(self, weights: Array | None) -> Metric:
        return r2(weights)

    def _added(self, y: Array) -> Array | None:
        """scikit-learn's Poisson loss is a deviance: 0 where every prediction is right."""
        if self.loss != "poisson":
            return None
        terms: Array = (xlogy(y, y) - y).sum(axis=1)
        return terms

    @available_if(is_stochastic)  # type: ignore[untyped-decorator]  # scikit-learn has no type information
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch over the given data, going on from the weights there are."""
        check_parameters(self)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """The output for the rows of X (N, D): (N,), or (N, K) for several outputs."""
        output = self._output(X)
        return output[:, 0] if output.shape[1] == 1 else output

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
