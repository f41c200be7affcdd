"""ONNX files: numbers equal to the model's under onnxruntime, the preparation included."""

import builtins
import itertools
import os
from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.data import Table
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.models import Predictor
from chainrule.models.saving import model_of
from chainrule.program.ops import OPS
from tests.models.onnx_runtime import run
from tests.models.tables import NASTY, iris, new_rows, predictor

ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))
ROUNDING = {"float32": 1e-6, "float64": 1e-13}
EVERYTHING = (
    "clip(z, -1, 1) + 0 * floor(z) + sign(z) + abs(z) + minimum(z, 1) * sin(z) * cos(z) + (z > 1) * z"
    " + maximum(sqrt(abs(z)), log(1 + abs(z))) - z**2 / 3 + where((z >= 0) * (z < 2), huber(z), (z == 1) * z) + z**0.0"
    " + normal_pdf(z) + log_softmax(z) + (z <= 0.5)"
)


def check(model: Predictor, table: Table, rounding: float) -> None:
    found, outputs = run(model, table), model.outputs(table)
    assert list(found) == ["prediction", model.kind][: 1 + bool(model.classes)]
    if model.classes:
        assert found["prediction"].tolist() == model.predict(table).tolist()
        np.testing.assert_allclose(found[model.kind], model.for_classes(outputs), rtol=rounding, atol=rounding)
        assert found[model.kind].dtype == outputs.dtype
    else:
        np.testing.assert_allclose(found["prediction"], model.predict(table), rtol=rounding, atol=rounding)


KINDS = ("iris", "price", "sold", "class", "nasty")
TABLES = list(itertools.product(KINDS, ("float32", "float64"), (False, True)))
PAIRS = [  # of kind, dtype and batch norm any two meet
    (kind, dtype, (i + j) % 2 == 0) for i, kind in enumerate(KINDS) for j, dtype in enumerate(("float32", "float64"))
]


@pytest.mark.parametrize(("kind", "dtype", "batch_norm"), TABLES if ALL else PAIRS)
def test_tables_of_every_kind(kind, dtype, batch_norm):
    check(predictor(kind, dtype, "relu", batch_norm), new_rows(kind), ROUNDING[dtype])


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "z * tanh(softplus(z))", EVERYTHING])
def test_every_activation(activation):
    for dtype in ("float32", "float64") if ALL else ("float64",):
        check(predictor("class", dtype, activation), new_rows("class"), ROUNDING[dtype] * 10)


def test_every_op_that_a_formula_may_hold_is_met():
    from chainrule.models.onnx_file import BOTH, REDUCED, ROW_WISE, SPELLINGS
    from chainrule.program.text import FUNCTIONS

    known = {*SPELLINGS, *ROW_WISE, *REDUCED, *BOTH, "where", "clip", "full_like"}
    assert {op for op in (*FUNCTIONS, *OPS) if op not in known and not OPS[op].definition} == set()


def test_a_model_trained_on_arrays():
    swish = cr.formula("swish", "z * sigmoid(beta * z)", beta=1.5, trainable=["beta"])
    program = cr.derive(cr.Network(3, [cr.Dense(4, swish), cr.Dense(2)]), "mean_squared_error", cr.Adam())
    X = np.random.RandomState(0).normal(size=(20, 3))
    training = cr.Training(program, X, X[:, :2], epochs=5, engine="numpy").fit()
    model = Predictor.of(model_of(training), engine="numpy")
    import onnxruntime

    session = onnxruntime.InferenceSession(model.to_onnx())
    (found,) = session.run(None, {"X": X.astype(np.float32)})
    np.testing.assert_allclose(found, training.predict(X), rtol=1e-6, atol=1e-6)


def test_the_file_says_what_it_is_and_is_the_same_every_time():
    import onnx

    model = predictor("nasty")
    content = model.to_onnx()
    assert content == model.to_onnx()
    read = onnx.load_from_string(content)
    assert (read.producer_name, read.producer_version) == ("chainrule", cr.__version__)
    assert [opset.domain for opset in read.opset_import] == [""]
    assert [found.name for found in read.graph.input] == [*NASTY[:5], "size"]


def test_columns_that_are_called_as_parts_of_the_graph_are():
    """Names are the table's: whatever else is called so in the graph gives way."""
    table = iris()
    names = dict(zip(table.names, ("prediction", "X", "W1", "probability", "species"), strict=True))
    renamed = Table.from_columns({names[column.name]: column.cells for column in table.columns})
    preparation = cr.Preparation.fit(renamed, cr.find_roles(renamed, "species"))
    model = predictor("iris")
    other = Predictor.of(replace(model.model, preparation=preparation), engine="numpy")
    found = run(other, renamed)
    assert list(found) == ["prediction_2", "probability_2"]
    assert found["prediction_2"].tolist() == model.predict(table).tolist()


def test_without_onnx_installed(monkeypatch):
    real = builtins.__import__

    def without(name: str, *arguments: object, **options: object) -> object:
        if name == "onnx":
            raise ImportError(name)
        return real(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[onnx\]'"):
        predictor("iris").to_onnx()


def test_a_network_that_no_file_holds(monkeypatch):
    monkeypatch.setattr("chainrule.models.onnx_file.MOST_BYTES", 10)
    with pytest.raises(ValueError, match="more than 10 bytes of weights"):
        predictor("iris").to_onnx()
