"""Models into files and out of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..data import Preparation, shown_path
from ..files import Model, NetworkFile
from ..files.model_file import check_fits
from ..training import Training
from .predictor import Predictor

DRAWN = "drawn with the seed"  # the first weights; given ones are not in the file


def load(
    path: str | os.PathLike[str],
    engine: str = "auto",
    library: str | os.PathLike[str] | None = None,
    threads: int = 1,
) -> Predictor:
    """The model in a file, ready for new rows on any engine.

    library     for engine "c": a file that `build` wrote for this model; nothing is compiled
    threads     so many share out large inputs on engine "c"

    Raises
        DataError: there is none, or it is damaged, and why.  ValueError: an unknown engine.
    """
    return Predictor.of(Model.load(path), shown_path(path), engine, library, threads)


def save(
    run: Training | Any,
    path: str | os.PathLike[str],
    preparation: Preparation | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write what a training has learned: all that `load` and `chainrule predict` need, in one .safetensors file.

    run             a `Training`; or a fitted `MLPClassifier` or `MLPRegressor`, alone or behind a `TablePreparer` or a
                    `StandardScaler` in a pipeline of scikit-learn
    preparation     how the columns of a table became X; None where the training was given arrays of its own: then
                    columns are called x1, x2, ..., or what the estimator was given
    provenance      what else is to be known of it: names -> numbers, texts, or one more level of these

    Raises
        DataError: it cannot be written, what is there is no model, or the preparation is for another network.
        ValueError: nothing that could be saved, or not fitted.
    """
    make = model_of if isinstance(run, Training) else model_of_estimator
    make(run, preparation, provenance).save(path)


def model_of_estimator(
    fitted: Any, preparation: Preparation | None = None, provenance: Mapping[str, Any] | None = None
) -> Model:
    """A fitted estimator, or the pipeline that ends with one, not yet written."""
    steps = [step for _, step in fitted.steps] if hasattr(fitted, "steps") else [fitted]
    make = getattr(steps[-1], "_to_model", None)
    if make is None:
        raise ValueError(
            f"save takes a Training, an MLPClassifier, an MLPRegressor, or a pipeline that ends with one of these, not "
            f"{type(fitted).__name__}"
        )
    model: Model = make(steps[:-1], preparation, provenance or {})
    return model


def model_of(
    run: Training, preparation: Preparation | None = None, provenance: Mapping[str, Any] | None = None
) -> Model:
    """The same, not yet written."""
    from .. import __version__

    facts = {"chainrule": __version__, "rows": len(run.X), "seed": run.seed, "epochs": run.epoch}
    facts |= {} if run.given else {"start": DRAWN}
    facts |= {"engine": run.engine.name, **course_of(run), **(provenance or {})}
    statistics = {name: run.state[name] for name in run.program.statistics}
    network = NetworkFile.of(run.program.declaration)
    edited = run.program.edited
    if edited and network.derive().full.prediction_steps != run.program.full.prediction_steps:
        raise ValueError(
            f"a model file holds the declared network, which predicts otherwise since {', '.join(edited)} was edited: "
            "keep the parameters, and the source of the run"
        )
    if preparation is not None:
        check_fits(preparation, network, "the model")
    return Model(network, run.parameters, statistics, preparation, facts)


MOST_EPOCHS = 100


def course_of(run: Training) -> dict[str, dict[str, float]]:
    """The losses by epoch, of a hundred epochs at most, the first and the last among them: for the report."""
    found = {}
    for name in ("loss", "validation_loss"):
        course = run.history.get(name, [])
        every = -(-len(course) // MOST_EPOCHS)
        shown = [i for i in range(len(course)) if i % every == 0 or i == len(course) - 1]
        if len(shown) > 1:
            found[f"{name}_by_epoch"] = {str(i + 1): float(course[i]) for i in shown}
    return found
