"""One saved model, and its predictions wherever it can go: all the same, to rounding."""

import os

import numpy as np
import pytest

import chainrule as cr
from chainrule.models import Predictor
from tests.models.alone import FILES
from tests.models.alone import run as run_alone
from tests.models.onnx_runtime import run as run_onnx
from tests.models.tables import made, new_rows

ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))
ROUNDING = {"float32": 1e-6, "float64": 1e-13}


@pytest.mark.usefixtures("quick_compiler")
@pytest.mark.parametrize(("kind", "dtype"), [("class", "float32"), *[("price", "float64")] * ALL])
def test_one_model_predicts_the_same_everywhere(kind, dtype, tmp_path, monkeypatch, tool):
    monkeypatch.setenv("CHAINRULE_ENGINE", "auto")
    tool("gcc")
    path = tmp_path / "model.safetensors"
    made(kind, dtype, "silu", batch_norm=True).save(path)
    table, first = new_rows(kind), cr.load(path, engine="numpy")
    found: dict[str, list[list[str]]] = {
        engine: list(cr.load(path, engine).columns(table).values()) for engine in ("numpy", "c", "reference")
    }
    columns = [feature.name for feature in first.preparation.features]
    for language in FILES:
        answers = run_alone(first.source(language), language, table, tmp_path / language, columns)
        found[language + ", emitted"] = list(answers.values())
    by_name = run_onnx(first, table)
    numbers = by_name[first.kind].T if first.classes else by_name["prediction"][None]
    found["onnx"] = [by_name["prediction"].tolist()] * bool(first.classes) + [first.texts(row) for row in numbers]
    assert len(found) == 8
    wanted = found["numpy"]
    for place, answers_there in found.items():
        assert len(answers_there) == len(wanted), place
        if first.classes:
            assert answers_there[0] == wanted[0], place
        for mine, theirs in zip(wanted[bool(first.classes) :], answers_there[bool(first.classes) :], strict=True):
            numbers_there, numbers_here = np.array(theirs, float), np.array(mine, float)
            np.testing.assert_allclose(
                numbers_there, numbers_here, rtol=ROUNDING[dtype], atol=ROUNDING[dtype], err_msg=place
            )


@pytest.mark.usefixtures("quick_compiler")
def test_engines_compute_in_the_dtype_of_the_model(tmp_path, monkeypatch):
    """The C engine in float32 and float64; the reference evaluator in float64 tells what rounding is."""
    monkeypatch.setenv("CHAINRULE_ENGINE", "auto")
    for dtype in ("float32", "float64"):
        made("nasty", dtype).save(tmp_path / dtype)
        outputs = {e: cr.load(tmp_path / dtype, e).outputs(new_rows("nasty")) for e in ("numpy", "c", "reference")}
        assert {output.dtype.name for output in outputs.values()} == {dtype}
        for output in outputs.values():
            np.testing.assert_allclose(output, outputs["numpy"], rtol=ROUNDING[dtype], atol=ROUNDING[dtype])
    assert isinstance(cr.load(tmp_path / "float32"), Predictor)
