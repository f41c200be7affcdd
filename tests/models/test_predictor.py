"""Models in Python: saved, loaded, asked."""

import gzip

import numpy as np
import pytest

import chainrule as cr
from chainrule.data import DataError
from chainrule.models import Predictor
from tests.models.tables import iris, made, new_rows
from tests.tools import Late

pd = Late("pandas")


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "iris.safetensors"
    made("iris").save(path)
    return path


def test_a_model_is_saved_loaded_and_asked(tmp_path):
    table = iris()
    preparation = cr.Preparation.fit(table, cr.find_roles(table, "species"))
    program = cr.derive(cr.Network.parse("4-8-3", output="softmax"), "softmax_cross_entropy", cr.Adam(0.02))
    X, Y = preparation.transform(table), preparation.transform_target(table)
    run = cr.Training(program, X, Y, epochs=40, batch_size=16, engine="numpy").fit()
    path = tmp_path / "iris.safetensors"
    cr.save(run, path, preparation, {"note": "mine"})
    model = cr.load(path, engine="numpy")
    assert model.classes == ("setosa", "versicolor", "virginica")
    assert model.provenance["note"] == "mine"
    assert model.provenance["rows"] == 150
    assert (model.predict(table) == np.array(table.column("species").cells)).mean() > 0.9
    assert model.predict_proba(table).tobytes() == run.predict(X).tobytes()
    assert repr(model) == "<Predictor 4-8-3, float32, on numpy>"
    model.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_rows_in_every_shape_give_the_same(saved, tmp_path):
    model, table = cr.load(saved), iris()
    wanted = model.predict_proba(table)
    frame = pd.DataFrame({name: table.column(name).numbers.values for name in reversed(table.names[:4])})
    frame["further"] = "ignored"
    packed = tmp_path / "new.csv.gz"
    packed.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    records = frame.drop(columns="further").to_dict("records")
    texts = [{name: str(cell) for name, cell in row.items()} for row in records]
    for rows in (frame, packed, str(packed), frame.to_dict("list"), records, texts):
        np.testing.assert_allclose(model.predict_proba(rows), wanted, rtol=1e-6, atol=1e-7)


def test_a_missing_cell_in_a_list_of_dicts():
    model = Predictor.of(made("price"))
    row = {"age": "33", "income": 1e9, "constant": 7, "year": 2000, "color": "red", "size": "M"}
    rows = [row, row | {"age": None}, row | {"age": ""}, {k: v for k, v in row.items() if k != "age"}]
    first, *others = model.predict(rows).tolist()
    assert first != others[0]
    assert others == [others[0]] * 3


def test_numbers_come_in_the_units_of_the_table():
    model = Predictor.of(made("price"))
    found = model.predict(new_rows("price"))
    assert found.shape == (40,)
    assert 2 < found.mean() < 15
    with pytest.raises(ValueError, match="its outputs are no probabilities"):
        model.predict_proba(new_rows("price"))


def test_two_classes_of_one_output():
    model = Predictor.of(made("sold"))
    chances = model.predict_proba(new_rows("sold"))
    assert chances.shape == (40, 2)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)
    assert model.predict(new_rows("sold")).tolist() == [model.classes[i] for i in (chances[:, 1] > 0.5).astype(int)]


def test_a_model_trained_on_arrays(tmp_path):
    X, y = np.eye(4), [0, 1, 1, 0]
    program = cr.derive(cr.Network.parse("4-3-1"), "mean_squared_error", cr.Adam())
    run = cr.Training(program, X, y, epochs=3, dtype="float64", engine="numpy").fit()
    cr.save(run, tmp_path / "m")
    model = cr.load(tmp_path / "m", engine="numpy")
    assert model.predict(X).tobytes() == run.predict(X).tobytes()
    assert model.classes == ()
    with pytest.raises(DataError, match="lacks the columns 'x1', 'x2', 'x3', 'x4'"):
        model.columns(iris())
    with pytest.raises(ValueError, match="X has 3 columns"):
        model.predict(X[:, :3])


def test_an_edited_program_that_predicts_otherwise_is_not_saved(tmp_path):
    program = cr.derive(cr.Network.parse("2-2-1"), "mean_squared_error")
    X, y = np.eye(2), np.ones((2, 1))
    runs = [cr.Training(program.replace(step, formula), X, y, epochs=1, engine="numpy").fit()
            for step, formula in (("delta2", "2 * (z2 - y)"), ("a1", "sin(z1)"))]  # fmt: skip
    cr.save(runs[0], tmp_path / "model")
    with pytest.raises(ValueError, match="predicts otherwise since a1 was edited"):
        cr.save(runs[1], tmp_path / "model")


def test_what_cannot_be_answered(saved, tmp_path):
    model = cr.load(saved)
    with pytest.raises(DataError, match="lacks the columns 'sepal_length', 'petal_width'"):
        model.predict({"sepal_width": [1.0], "petal_length": [2.0]})
    with pytest.raises(DataError, match="'tall' is not a number"):
        model.predict({name: ["tall"] for name in iris().names})
    with pytest.raises(ValueError, match="unknown engine 'gpu'"):
        cr.load(saved, engine="gpu")
    with pytest.raises(DataError, match="there is no such file"):
        cr.load(tmp_path / "nowhere")
    program = cr.derive(cr.Network.parse("2-3", output="softmax"), "softmax_cross_entropy", cr.Adam())
    run = cr.Training(program, [[0, 1]] * 3, [0, 1, 2])
    with pytest.raises(DataError, match="its preparation makes 4 columns, its network takes 2"):
        cr.save(run, tmp_path / "m", model.preparation)
    assert not (tmp_path / "m").exists()
