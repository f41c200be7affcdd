"""scikit-learn's multi-layer perceptrons, one `partial_fit` a block, with their own shuffling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import SEED, Array, Case, Orders
from .contender import Contender, Predictor


class ScikitLearn(Contender):
    """Its epsilon stands in another place of Adam's formula, and it keeps a mean loss a block.

    Of two classes scikit-learn makes one logistic output; for the same network as all others it is told of a softmax
    with two. The rest of its loop is untouched.
    """

    name, key, modules, package = "scikit-learn", "sklearn", ("sklearn",), "scikit-learn"

    @classmethod
    def fits(cls, case: Case) -> bool:
        return case.optimizer == "adam" and case.head in ("softmax", "linear") and case.bias

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        classes = case.head == "softmax"
        given = {
            "hidden_layer_sizes": case.widths[1:-1], "activation": case.activation, "solver": "adam", "alpha": 0.0,
            "batch_size": case.batch, "learning_rate_init": case.rate, "epsilon": case.epsilon,
            "shuffle": case.shuffled,
        }  # fmt: skip
        self.model = (make_classifier() if classes else make_regressor())(**given)
        self.y = self.data.labels if classes else self.data.y[:, 0] if case.widths[-1] == 1 else self.data.y
        self.more = {"classes": np.arange(case.widths[-1])} if classes else {}
        self.model.partial_fit(self.data.X, self.y, **self.more)
        self.reset()

    def reset(self) -> None:
        weights = self.case.weights()
        for mine, given in zip(self.model.coefs_ + self.model.intercepts_, weights[::2] + weights[1::2], strict=True):
            mine[...] = given
        if hasattr(self.model, "_optimizer"):
            del self.model._optimizer  # it would go on with its moments
        self.model.random_state = np.random.RandomState(SEED)  # the orders that all others are given

    def run(self, blocks: Orders) -> Array:
        losses = []
        for _ in blocks:
            self.model.partial_fit(self.data.X, self.y)
            losses.append(self.model.loss_)
        return np.array(losses)

    def weights(self) -> list[Array]:
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [array.copy() for pair in pairs for array in pair]

    def predictor(self) -> Predictor:
        predict: Predictor = self.model.predict_proba if self.case.head == "softmax" else self.model.predict
        return predict


def make_classifier() -> Any:
    from sklearn.neural_network import MLPClassifier

    class Classifier(MLPClassifier):  # type: ignore[misc]  # scikit-learn is not typed
        """Two classes are two outputs."""

        def _validate_input(self, X: Array, y: Array, incremental: bool, reset: bool) -> tuple[Array, Array]:
            X, y = super()._validate_input(X, y, incremental, reset)
            self._label_binarizer.y_type_ = "multiclass"  # what decides between softmax and logistic
            return X, np.hstack([~y, y]) if y.shape[1] == 1 else y

    return Classifier


def make_regressor() -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor
