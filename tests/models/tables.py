"""Tables with everything in them, and models trained on them: what predictions elsewhere are compared with."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.data import Table
from chainrule.files import Model
from chainrule.models import Predictor
from chainrule.models.saving import model_of

# Names and texts that mean something to some language, template, terminal or reader.
NASTY = (
    'a "b" \'c\'', "*/ evil(); /*", "// x\\", "line\nbreak", "\u202eabc\u2066", "??/", "${x}`", "%s%n", "__proto__",
    "constructor", "\x1b[2J", "</script>", "é漢字🙂", "{{ 7 }}", '"""', "class", "x);DROP", "\\u0022", "a,b", "\u2028",
)  # fmt: skip


def iris() -> Table:
    from pathlib import Path

    return cr.read_table(Path(__file__).parents[2] / "examples" / "iris.csv")


def mixed(rows: int = 60, nasty: bool = False) -> Table:
    """Numbers with and without missing cells, a constant, categories with a missing one, a number far from 0."""
    random = np.random.RandomState(3)
    kinds = list(NASTY) if nasty else ["red", "green", "blue"]
    names = list(NASTY[:5]) if nasty else ["age", "income", "constant", "year", "color"]
    color = [kinds[i % len(kinds)] for i in range(rows)]
    age = random.uniform(18, 90, rows).round(1)
    cells = [f"{a}" for a in age]
    cells[::7] = [""] * len(cells[::7])
    color[::11] = [""] * len(color[::11])
    columns: dict[str, Any] = {
        names[0]: cells,
        names[1]: (1e9 + random.normal(0, 50, rows)).round(2),  # float32 cannot tell these apart
        names[2]: np.full(rows, 7.0),
        names[3]: random.randint(1990, 2024, rows),
        names[4]: color,
        "size": [["S", "M", "L"][i] for i in random.randint(0, 3, rows)],
    }
    score = np.where(np.isnan(np.array([float(c or "nan") for c in cells])), 40, age) / 20 + random.normal(0, 0.2, rows)
    columns["price"] = (score * 3).round(3)
    columns["sold"] = ["yes" if s > 2.6 else "no" for s in score]
    three = [NASTY[0], NASTY[1], NASTY[12]] if nasty else ["low", "middle", "high"]
    columns["class"] = [three[int(s > 2) + int(s > 3.2)] for s in score]
    return Table.from_columns(columns, "the mixed table")


TARGETS = {"price": ("half_mean_squared_error", "linear"), "sold": ("binary_cross_entropy", "sigmoid"),
           "class": ("softmax_cross_entropy", "softmax")}  # fmt: skip


@cache
def made(kind: str, dtype: str = "float32", activation: str = "relu", batch_norm: bool = False) -> Model:
    """A model trained for a moment: `iris`, `price`, `sold`, `class`, or `nasty`."""
    if kind == "iris":
        table, target, (loss, output) = iris(), "species", TARGETS["class"]
    else:
        target = "class" if kind == "nasty" else kind
        table = mixed(nasty=kind == "nasty").without([other for other in TARGETS if other != target])
        loss, output = TARGETS[target]
    preparation = cr.Preparation.fit(table, cr.find_roles(table, target))
    X, Y = preparation.transform(table), preparation.transform_target(table)
    Y = Y[:, 1:] if output == "sigmoid" else Y
    net = cr.Network(
        X.shape[1], [cr.Dense(8, activation, batch_norm=batch_norm), cr.Dropout(0.1), cr.Dense(Y.shape[1], output)]
    )
    program = cr.derive(net, loss, cr.Adam(0.02))
    run = cr.Training(program, X, Y, epochs=30, batch_size=16, seed=1, engine="numpy", dtype=dtype).fit()
    return model_of(run, preparation)


@cache
def predictor(*declared: Any, **more: Any) -> Predictor:
    """The model, ready to answer on the NumPy engine."""
    return Predictor.of(made(*declared, **more), engine="numpy")


def new_rows(kind: str) -> Table:
    """Rows to predict: those of training without the target, and below them unknown categories and missing cells."""
    if kind == "iris":
        return iris().without(["species"])
    table = mixed(40, nasty=kind == "nasty").without(list(TARGETS))
    columns: dict[str, Any] = {column.name: list(column.texts()) for column in reversed(table.columns)}
    for i, cells in enumerate(columns.values()):
        cells[i] = "" if i != 2 else " 1999 "  # a missing cell in each, and blanks around one
    columns[table.names[4]][20:24] = ["never seen", "red ", "RED", "  "]
    columns["further"] = ["ignored"] * len(table)
    return Table.from_columns(columns, "new rows")
