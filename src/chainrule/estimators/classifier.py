"""MLPClassifier: scikit-learn's multi-layer perceptron for classes, on derived programs."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels

from ..engines.engine import Array
from ..training.metrics import Metric
from .base import Perceptron
from .checks import CLASSIFIER_LOSS, CONSTRAINTS, check_parameters
from .labels import decoded, encoded, fitted_binarizer
from .scores import accuracy, class_accuracy


def is_stochastic(estimator: Any) -> bool:
    """Whether there is a partial_fit.  AttributeError: there is none."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]  # scikit-learn has no type information
    """A multi-layer perceptron for classes: scikit-learn's `MLPClassifier`, run as the program that it derives.

        clf = MLPClassifier((64, 64), random_state=0).fit(X, y)
        clf.predict_proba(X); clf.program_; print(clf.source("c"))

    Parameters, defaults, attributes, warnings and messages are those of scikit-learn 1.9, and with the same
    `random_state` so are the weights, to rounding. On top, by name only:

    activation          also a list, one for each hidden layer; any activation of the book, a formula in z, a `Formula`
    output_activation   of the last layer; None: the one that goes with target and loss
    loss                any loss of the book, or a formula in p (the output) and y
    optimizer           a name of the book, with the rate learning_rate_init, or `Adam(CosineDecay(0.01, steps=1000))`;
                        takes the place of what solver="sgd" or "adam" stands for
    dropout             the share of each hidden layer left out, or a list of shares
    batch_norm          whether hidden layers are standardised over the batch; intercepts_ then holds their shifts
    l1                  strength of l1 * sum |W|, divided by the sample size as alpha is
    clip_norm           bound for the norm of the whole gradient
    class_weight        {label: weight}, or "balanced": every class counts as much as every other
    callbacks           `EarlyStopping()`, `ReduceOnPlateau()`, or your own
    validation_data     (X, y), scored after every epoch; early_stopping takes it instead of holding rows out
    engine              "auto", "c", "numpy"; progress: True shows a bar, None on a terminal only
    threads             at most so many make a step of engine "c" together, and predict many rows: the same numbers

    After `fit` also
        program_        the training step that was run; source(language): as source code
        parameters_     all that was learnt, by the names of the program
        history_        name -> a number per epoch: loss, learning_rate, with validation data its loss and score
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **CONSTRAINTS,
        "loss": CLASSIFIER_LOSS,
        "class_weight": [dict, list, str, None],
    }
    _target_kinds = "iubU"
    _classifies = True

    class_weight: Any
    classes_: Any

    def __init__(
        self,
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
        loss: Any = "log_loss",
        output_activation: Any = None,
        optimizer: Any = None,
        dropout: Any = 0.0,
        batch_norm: bool = False,
        l1: float = 0.0,
        clip_norm: float | None = None,
        class_weight: Any = None,
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
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _checked_target(self, y: Any, incremental: bool) -> Array:
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = fitted_binarizer(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return self._columns(y)

    def _check_classes(self, classes: Any) -> None:
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _columns(self, y: Any) -> Array:
        return encoded(self._label_binarizer, y)

    def _held_out(self, y: Any) -> Array:
        unknown = np.setdiff1d(unique_labels(y), self.classes_)
        if len(unknown):
            raise ValueError(f"validation_data: y has classes that the y of the fit does not have: {unknown[:10]}")
        return super()._held_out(y)

    def _metric(self, weights: Array | None) -> Metric:
        kind = self._label_binarizer.y_type_
        single = kind == "binary" and len(self.classes_) == 1  # which is the answer, whatever the output
        return class_accuracy(weights) if kind == "multiclass" or single else accuracy(weights)

    def _row_weights(self, y: Any, sample_weight: Array | None, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return sample_weight
        if incremental and isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight '{self.class_weight}' is not supported for partial_fit: compute the weights of all data "
                "with sklearn.utils.class_weight.compute_class_weight, and pass them as a dict"
            )
        weights: Array = compute_sample_weight(self.class_weight, y)
        return weights if sample_weight is None else weights * sample_weight

    @available_if(is_stochastic)  # type: ignore[untyped-decorator]  # scikit-learn has no type information
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """One epoch over the given data, going on from the weights there are.

        classes     all classes there will ever be; needed in the first call
        """
        check_parameters(self)
        if _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer = fitted_binarizer(y if multilabel else self.classes_)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Any:
        """The classes of the rows of X (N, D): (N,), or (N, K) zeros and ones for several labels."""
        output = self._output(X)
        return decoded(self._label_binarizer, output)

    def predict_proba(self, X: Any) -> Array:
        """The probabilities (N, K) of the classes, in the order of classes_."""
        output = self._output(X)
        return np.hstack([1 - output, output]) if output.shape[1] == 1 else output

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of the probabilities."""
        with np.errstate(divide="ignore"):
            logarithms: Array = np.log(self.predict_proba(X))
        return logarithms

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
