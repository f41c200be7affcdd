"""A fitted estimator as a model file: its network, its weights, and what its columns and classes mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from ..data import Preparation
from ..data.column import number_label
from ..data.features import NumericFeature, Scale
from ..data.target import ClassTarget, NumberTarget, Target
from ..files import Model, NetworkFile
from ..files.model_file import check_fits
from ..formulas.losses import LOSSES, Loss
from ..formulas.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Nesterov, Optimizer
from ..formulas.penalties import PENALTIES
from .preparer import TablePreparer
from .rules import BINARY_LOG_LOSS, LOG_LOSS, POISSON, SQUARED_ERROR, FoldedAdam, VelocityMomentum, VelocityNesterov

AS_IT_IS = Scale(0.0, 1.0)
BOOK = (
    (LOG_LOSS, "softmax_cross_entropy"), (BINARY_LOG_LOSS, "binary_cross_entropy"),
    (SQUARED_ERROR, "half_mean_squared_error"), (POISSON, "poisson"),
)  # fmt: skip


def to_model(
    fitted: Any, before: Sequence[Any], preparation: Preparation | None, provenance: Mapping[str, Any]
) -> Model:
    """The model of a fitted estimator, behind the transformers of a pipeline.

    before          what its X comes from: nothing, a `TablePreparer`, or a `StandardScaler`
    preparation     what is known of the columns already; None: their names are those of the fit, or x1, x2, ...
    The file declares the loss and the optimizer of the book that scikit-learn's correspond to; the penalty, which
    scikit-learn shares among the rows of a batch, has no such row, and is told as `alpha` in the provenance.

    Raises
        ValueError: other transformers; classes or names of columns that a file cannot hold.
    """
    from .. import __version__

    plan = fitted._plan
    program, dtype = plan.program, plan.engine.dtype
    declared = program.declaration
    penalty = declared.penalty if type(declared.penalty) in PENALTIES.values() else None
    changes = {"loss": of_the_book(declared.loss), "optimizer": plain(declared.optimizer), "penalty": penalty}
    network = NetworkFile.of(replace(declared, weighted=False, **changes))
    parameters = fitted._gathered(program, dtype)
    statistics = {name: array for name, array in fitted._state.items() if name in program.statistics}
    facts = {"chainrule": __version__, "estimator": type(fitted).__name__, "epochs": int(fitted.n_iter_)}
    facts |= {"engine": plan.engine.name, "alpha": float(fitted.alpha), **provenance}
    found = preparation or prepared(fitted, before)
    if found is not None:
        check_fits(found, network, "the model")
    return Model(network, parameters, statistics, found, facts)


def prepared(fitted: Any, before: Sequence[Any]) -> Preparation | None:
    """What the columns and the outputs mean; None where no column of a table could hold the answer."""
    kinds = [type(step) for step in before]
    if kinds not in ([], [TablePreparer], [StandardScaler]):
        names = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(
            f"save: before the estimator there may be a TablePreparer or a StandardScaler, not {names}; give its "
            "preparation=, or save the estimator alone, for the columns that reach it"
        )
    target = target_of(fitted)
    if target is None:
        return None
    first = before[0] if before else fitted
    if isinstance(first, TablePreparer):
        features: tuple[Any, ...] = first.features_
    else:
        given = getattr(first, "feature_names_in_", [f"x{i + 1}" for i in range(first.n_features_in_)])
        pairs = zip(map(str, given), scales(first, len(given)), strict=True)
        features = tuple(NumericFeature(name, scale, None) for name, scale in pairs)
    taken = [feature.name for feature in features]
    while target.name in taken:
        target = replace(target, name=target.name + "_")
    return Preparation.from_dict(Preparation(features, target).to_dict())  # what a file could not hold is refused now


def scales(first: Any, columns: int) -> list[Scale]:
    """How a StandardScaler scales its columns; an estimator takes them as they are."""
    if not isinstance(first, StandardScaler):
        return [AS_IT_IS] * columns
    mean = np.zeros(columns) if first.mean_ is None or not first.with_mean else first.mean_
    deviation = np.ones(columns) if first.scale_ is None else first.scale_
    return [Scale(float(m), float(d)) for m, d in zip(mean, deviation, strict=True)]


def target_of(fitted: Any) -> Target | None:
    """Classes by their labels, a number as it is; None for several labels or numbers at once."""
    if not hasattr(fitted, "classes_"):
        return NumberTarget("y", AS_IT_IS) if fitted.n_outputs_ == 1 else None
    if fitted._label_binarizer.y_type_.startswith("multilabel"):
        return None
    classes = np.asarray(fitted.classes_)
    numeric = classes.dtype.kind in "iuf"
    labels = tuple(number_label(float(label)) if numeric else str(label) for label in classes.tolist())
    if len(labels) < 2:
        raise ValueError("save: the estimator knows a single class; there is nothing to predict")
    return ClassTarget("y", labels, numeric)


def of_the_book(loss: Loss) -> Loss:
    return next((LOSSES[name] for own, name in BOOK if loss == own), loss)


def plain(optimizer: Optimizer) -> Optimizer:
    """The row of the book that an optimizer of scikit-learn corresponds to."""
    if type(optimizer) in OPTIMIZERS.values():
        return optimizer
    if isinstance(optimizer, FoldedAdam):
        return Adam(optimizer.rate, optimizer.rho1, optimizer.rho2, optimizer.epsilon)
    if isinstance(optimizer, VelocityMomentum):
        return (Nesterov if isinstance(optimizer, VelocityNesterov) else Momentum)(optimizer.rate, optimizer.mu)
    return GradientDescent(optimizer.rate)  # of L-BFGS, whose steps are its own
