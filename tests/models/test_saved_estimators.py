"""Estimators and trainings on arrays as model files: what `save` writes answers as they do, here and elsewhere."""

import csv
import subprocess
import warnings
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import chainrule as cr
from chainrule.cli import app
from chainrule.cli.predict import as_csv
from chainrule.data import DataError, as_table
from chainrule.models import Predictor
from tests.models import onnx_runtime
from tests.models.alone import command, run

pytest.importorskip("sklearn")

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(3.0, 2.0, (60, 3))
LABELS = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [2, 4])]
NUMBER = X[:, 0] * X[:, 1]
SETTINGS: dict[str, Any] = {"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, "engine": "numpy"}


def classifier(**more):
    return cr.MLPClassifier(**SETTINGS | more)


FITTED = {
    "three classes": lambda: classifier().fit(X, LABELS),
    "two numbers": lambda: classifier(activation="tanh").fit(X, (X[:, 1] > 3).astype(int) + 4),
    "single precision": lambda: classifier(dropout=0.2, batch_norm=True).fit(X.astype(np.float32), LABELS),
    "sgd": lambda: classifier(solver="sgd", activation="z * sigmoid(2 * z)", l1=0.01).fit(X, LABELS),
    "scaled": lambda: make_pipeline(StandardScaler(), classifier()).fit(X, LABELS),
    "a number": lambda: cr.MLPRegressor(**SETTINGS | {"solver": "lbfgs"}).fit(X, NUMBER),
    "a count": lambda: cr.MLPRegressor(loss="poisson", **SETTINGS).fit(X, np.abs(NUMBER).round()),
}


@pytest.mark.parametrize("kind", FITTED)
def test_a_loaded_estimator_answers_as_it_did(kind, tmp_path):
    fitted, path = FITTED[kind](), tmp_path / "m.safetensors"
    cr.save(fitted, path)
    model = cr.load(path, engine="numpy")
    assert model.classes == tuple(map(str, getattr(fitted, "classes_", ())))
    close: dict[str, Any] = {"rtol": 1e-6 if kind == "single precision" else 1e-13, "atol": 1e-7}
    if not model.classes:
        np.testing.assert_allclose(model.predict(X), fitted.predict(X), **close)
        return
    assert model.predict(X).tolist() == [str(label) for label in fitted.predict(X)]
    np.testing.assert_allclose(model.predict_proba(X), fitted.predict_proba(X), **close)


def test_what_was_changed_by_hand_is_saved(tmp_path):
    fitted = FITTED["three classes"]()
    fitted.intercepts_[-1] = np.array([0.0, 9.0, 0.0])
    cr.save(fitted, tmp_path / "m", provenance={"by": "hand"})
    model = cr.load(tmp_path / "m")
    assert set(model.predict(X)) == {"low"}
    assert {"estimator", "alpha", "by"} < set(model.provenance)


@pytest.mark.parametrize("language", ["numpy", "javascript", "c"])
def test_it_goes_elsewhere(language, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    cr.save(make_pipeline(StandardScaler(), classifier()).fit(frame, LABELS), tmp_path / "m")
    model = cr.load(tmp_path / "m", engine="numpy")
    table = as_table(frame)
    wanted = model.columns(table)
    found = run(model.source(language), language, table, tmp_path, ["a", "b", "c"])
    for mine, theirs in zip(wanted.values(), found.values(), strict=True):
        if mine[0] in model.classes:
            assert mine == theirs
        else:
            np.testing.assert_allclose(np.array(theirs, float), np.array(mine, float), rtol=1e-13)
    started = command(model.source(language), language, tmp_path)
    given = ["1", "", "3"] if language == "c" else ["-"]
    refused = subprocess.run([*started, *given], input=b"a,b,c\n1,,3\n", capture_output=True, check=False, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"is missing" in refused.stderr


@pytest.mark.parametrize("kind", ["single precision", "scaled", "a number"])
def test_as_an_onnx_graph_it_answers_alike(kind, tmp_path):
    pytest.importorskip("onnxruntime")
    fitted = FITTED[kind]()
    cr.save(fitted, tmp_path / "m.safetensors")
    result = CliRunner().invoke(app, ["--lang", "en", "export", str(tmp_path / "m.safetensors")])
    assert (result.exit_code, (tmp_path / "m.onnx").exists()) == (0, True)
    model = cr.load(tmp_path / "m.safetensors", engine="numpy")
    found = onnx_runtime.run(model, as_table({f"x{i + 1}": X[:, i] for i in range(3)}))
    if model.classes:
        assert found["prediction"].tolist() == fitted.predict(X).tolist()
        np.testing.assert_allclose(found["probability"], fitted.predict_proba(X), rtol=1e-6, atol=1e-6)
    else:
        np.testing.assert_allclose(found["prediction"], fitted.predict(X), rtol=1e-6)


def test_columns_that_must_be_there(tmp_path):
    cr.save(FITTED["a number"](), tmp_path / "m")
    model = cr.load(tmp_path / "m")
    assert model.preparation.feature_names == ("x1", "x2", "x3")
    with pytest.raises(DataError, match="row 2, column 'x2'"):
        model.predict({"x1": ["1", "2"], "x2": ["1", ""], "x3": ["1", "2"]})
    with pytest.raises(DataError, match="lacks the column 'x3'"):
        model.predict(X[:, :2])


def test_a_table_with_texts_and_gaps(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [23, 31, None, 58, 44, 37], "city": ["Ulm", "Bern", "Ulm", None, "Bern", "Linz"]})
    bought = ["no", "no", "no", "yes", "yes", "yes"]
    fitted = make_pipeline(cr.TablePreparer(), classifier(solver="lbfgs", max_iter=50)).fit(frame, bought)
    path, rows = tmp_path / "m.safetensors", tmp_path / "new.csv"
    cr.save(fitted, path)
    rows.write_text(as_csv(as_table(frame), {}, False))
    result = CliRunner().invoke(app, ["--lang", "en", "predict", str(path), str(rows), "--only"])
    assert result.exit_code == 0, result.stderr
    answers = list(csv.DictReader(result.stdout.splitlines()))
    assert [answer["prediction"] for answer in answers] == fitted.predict(frame).tolist()
    np.testing.assert_allclose(
        [[float(answer[f"probability_{name}"]) for name in ("no", "yes")] for answer in answers],
        fitted.predict_proba(frame), rtol=1e-12,
    )  # fmt: skip
    checked = CliRunner().invoke(app, ["--lang", "en", "check", str(path)])
    assert checked.exit_code == 0
    assert "MLPClassifier" in checked.stdout


def test_several_answers_at_once_are_kept_as_arrays(tmp_path):
    several = cr.MLPRegressor(**SETTINGS).fit(X, np.c_[NUMBER, X[:, 0]])
    labels = classifier().fit(X, np.c_[X[:, 0] > 3, X[:, 1] > 3].astype(int))
    for fitted, wanted in ((several, several.predict(X)), (labels, labels.predict_proba(X))):
        cr.save(fitted, tmp_path / "m")
        np.testing.assert_allclose(cr.load(tmp_path / "m").predict(X), wanted, rtol=1e-12)
    with pytest.raises(ValueError, match="gives 2 numbers"):
        Predictor.of(_saved(several, tmp_path).model).source()


def _saved(fitted, folder):
    cr.save(fitted, folder / "n")
    return cr.load(folder / "n")


def test_what_cannot_be_saved(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        cr.save(classifier(), tmp_path / "m")
    with pytest.raises(ValueError, match="not LogisticRegression"):
        cr.save(LogisticRegression().fit(X, LABELS), tmp_path / "m")
    with pytest.raises(ValueError, match="not MinMaxScaler"):
        cr.save(make_pipeline(MinMaxScaler(), classifier()).fit(X, LABELS), tmp_path / "m")
    with pytest.raises(DataError, match="blanks around it"):
        cr.save(classifier().fit(X, np.where(X[:, 0] > 3, " yes", "no")), tmp_path / "m")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        single = classifier().fit(X, np.zeros(60, int))
    with pytest.raises(ValueError, match="single class"):
        cr.save(single, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_training_on_arrays_has_columns_by_position(tmp_path):
    program = cr.derive(cr.Network.parse("3-4-3", "tanh", "softmax"), "softmax_cross_entropy", cr.Adam(0.01))
    labels = np.digitize(X[:, 0], [2, 4])
    trained = cr.Training(program, X, labels, epochs=5, dtype="float64", engine="numpy").fit()
    path, rows = tmp_path / "m.safetensors", tmp_path / "new.csv"
    cr.save(trained, path)
    rows.write_text("x3,x1,x2\n" + "".join(f"{c!r},{a!r},{b!r}\n" for a, b, c in X.tolist()))
    result = CliRunner().invoke(app, ["--lang", "en", "predict", str(path), str(rows), "--only"])
    assert result.exit_code == 0, result.stderr
    answers = list(csv.DictReader(result.stdout.splitlines()))
    assert list(answers[0]) == ["prediction", "probability_0", "probability_1", "probability_2"]
    assert [int(answer["prediction"]) for answer in answers] == trained.predict(X).argmax(axis=1).tolist()
    source = CliRunner().invoke(app, ["source", "--weights", str(path)])
    assert source.exit_code == 0, source.stderr
    assert max(map(len, source.stdout.splitlines())) <= 120
    namespace: dict[str, Any] = {"__name__": "predictor"}
    exec(source.stdout, namespace)
    found = namespace["predict_rows"]([{"x1": a, "x2": b, "x3": c} for a, b, c in X.tolist()])
    assert [answer["prediction"] for answer in found] == [answer["prediction"] for answer in answers]
