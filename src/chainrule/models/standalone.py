"""A model as the plain data that writers make stand-alone predictors from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Table
from ..data.features import NumericFeature
from ..data.target import NumberTarget
from ..engines.reference import run_steps
from ..training.self_test import LEAST, MARGIN
from ..writers.model import CategoryColumn, Cell, Expected, NumberColumn, TrainedModel

if TYPE_CHECKING:
    from .predictor import Predictor

ROWS = 5
UNKNOWN = "none of these"


def trained_model(predictor: Predictor) -> TrainedModel:
    """ValueError: a model that was trained on arrays and gives several numbers."""
    preparation, model = predictor.preparation, predictor.model
    target = preparation.target
    scale = target.scale if predictor.scaled and isinstance(target, NumberTarget) else (0.0, 1.0)
    columns = tuple(
        NumberColumn(feature.name, *feature.scale, feature.median, feature.indicated)
        if isinstance(feature, NumericFeature)
        else CategoryColumn(feature.name, feature.categories)
        for feature in preparation.features
    )
    return TrainedModel(
        columns=columns,
        target=target.name,
        classes=preparation.classes,
        kind=predictor.kind,
        mean=float(scale[0]),
        deviation=float(scale[1]),
        weights={name: array.tolist() for name, array in {**model.parameters, **model.statistics}.items()},
        dtype=model.dtype,
        expected=expected(predictor, columns),
    )


def expected(predictor: Predictor, columns: tuple[NumberColumn | CategoryColumn, ...]) -> Expected:
    """Rows with every kind of cell in them, and the outputs that the reference evaluator gives for them."""
    cells = [cells_of(column, shift) for shift, column in enumerate(columns)]
    table = Table.from_columns(
        {column.name: texts(listed) for column, listed in zip(columns, cells, strict=True)}, "the self-test"
    )
    X = predictor.preparation.transform(table).astype(predictor.engine.dtype)
    exact, rough = (computed(predictor, X, dtype) for dtype in ("float64", predictor.model.dtype))
    off = float((np.abs(exact - rough) / (1 + np.abs(exact))).max(initial=0.0))
    tolerance = float(f"{max(LEAST[predictor.model.dtype], MARGIN * off):.1g}")
    return Expected(tuple(zip(*cells, strict=True)), exact.tolist(), tolerance)


def cells_of(column: NumberColumn | CategoryColumn, shift: int) -> list[Cell]:
    """A few cells: a number as it is in the middle and away from it, a missing one; categories, and an unknown one."""
    if isinstance(column, CategoryColumn):
        unknown = UNKNOWN
        while unknown in column.categories:
            unknown += "."
        known: list[Cell] = [*column.categories[:ROWS], unknown]
    else:
        away = column.deviation or 1.0
        known = [column.mean, column.mean + away, column.mean - 0.5 * away]
        if column.median is not None:
            known.insert(2, None)
    return [known[(row + shift) % len(known)] for row in range(ROWS)]


def texts(cells: list[Cell]) -> list[str]:
    return ["" if cell is None else cell if isinstance(cell, str) else repr(cell) for cell in cells]


def computed(predictor: Predictor, X: Any, dtype: str) -> Any:
    """The outputs by the reference evaluator."""
    program = predictor.engine.program
    values: dict[str, Any] = {"X": X.astype(dtype), "N": len(X), **program.hyperparameters}
    values |= {name: array.astype(dtype) for name, array in {**predictor.parameters, **predictor.state}.items()}
    with np.errstate(all="ignore"):
        return np.asarray(run_steps(program.prediction_steps, values)[program.prediction])
