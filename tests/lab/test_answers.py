"""What the endpoints answer, without a server."""

import base64
import json
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.data import read_csv
from chainrule.engines.reference import evaluate
from chainrule.formulas.losses import LOSSES
from chainrule.lab import answers, bodies, steps, tables
from chainrule.lab.data_sets import DATA_SETS
from chainrule.program.expr import names

NETWORK = {
    "layers": [
        {"layer": "dense", "units": 3, "activation": "tanh"},
        {"layer": "dense", "units": 1, "activation": "sigmoid"},
    ],
    "loss": "binary_cross_entropy",
    "optimizer": {"name": "adam", "rate": 0.03},
}


def asked(**changes):
    return {"columns": ["x1", "x2"], "network": NETWORK, "rows": 20, "batch": 8, **changes}


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_data_set_is_the_same_for_the_same_seed_and_fits_its_description(name):
    row = DATA_SETS[name]
    first, again = (answers.data({"set": name, "points": 60, "noise": 0.2, "test": 0.25, "seed": 3}) for _ in range(2))
    assert bodies.body_of(first) == bodies.body_of(again)
    assert first["given"] == len(row.columns) == len(first["columns"])
    parts = [first["training"], first["test"]]
    assert sum(part["count"] for part in parts) == (4 if row.fixed else 60)
    for part in parts:
        assert len(part["X"]) == part["count"] * first["inputs"]
        assert len(part["y"]) == part["count"] * first["outputs"]
    if not row.fixed:
        other = answers.data({"set": name, "points": 60, "noise": 0.2, "test": 0.25, "seed": 4})
        assert list(other["training"]["X"]) != list(first["training"]["X"])


def test_many_numbers_travel_as_they_are_in_memory_each_array_once():
    text = "a,b,kind\n" + "\n".join(f"{i},{i % 3},{'yes' if i % 2 else 'no'}" for i in range(20))
    made = tables.table({"name": "t.csv", "text": text, "target": "kind", "test": 0.25})
    body, headers = bodies.body_of(made)
    assert headers == {"content-type": "application/octet-stream"}
    begin = 4 + int.from_bytes(body[:4], "little")
    read, numbers = json.loads(body[4:begin]), np.frombuffer(body, "<f8", offset=begin)
    assert len(numbers) == 20 * 2 + 20  # the rows as given are the inputs: they are there once
    for part in ("training", "test"):
        for name in ("rows", "X", "y"):
            place, count = read[part][name]["float64"]
            np.testing.assert_array_equal(numbers[place : place + count], made[part][name])
    with pytest.raises(TypeError, match="int64"):
        bodies.body_of({"rows": np.arange(3)})


def test_a_table_is_read_once_however_often_its_roles_change(monkeypatch):
    reads = []

    def read(*given):
        reads.append(given)
        return read_csv(*given)

    monkeypatch.setattr("chainrule.lab.tables.read_csv", read)
    text = "once,twice,kind\n" + "\n".join(f"{i},{i % 3},{i % 2}" for i in range(20))
    given = {"name": "t.csv", "text": text}
    tables.table(given)
    for role in ("numeric", "categorical", "ignore"):
        asked = {"target": "kind", "roles": {"twice": role}}
        made = tables.table({**given, **asked})
        by_digest = tables.table({"name": "t.csv", "digest": made["digest"], **asked})
        assert bodies.body_of(made) == bodies.body_of(by_digest)
    assert len(reads) == 1
    assert tables.table({"name": "t.csv", "digest": "0" * 16}) == {"again": True}
    with pytest.raises(ValueError, match="at most 50,000 and 50"):
        tables.table({"name": "wide.csv", "text": WIDE})
    assert tables.read_once.known is None  # one that is refused is not kept


def test_further_inputs_are_formulas_in_our_grammar():
    made = answers.data({"set": "circle", "points": 20, "inputs": ["x1**2 + x2", "sin(3 * x1)"]})
    X = np.reshape(made["training"]["X"], (20, 4))
    np.testing.assert_array_equal(X[:, 2], X[:, 0] ** 2 + X[:, 1])
    np.testing.assert_array_equal(X[:, 3], np.sin(3 * X[:, 0]))


def test_a_program_comes_with_its_module_steps_and_batches():
    made = answers.program(asked(inputs=["x1 * x2"]))
    json.dumps(made, allow_nan=False)
    assert made["offsets"] == [0, 8, 16, 20]
    assert [step["name"] for step in made["steps"]][:3] == ["z1", "a1", "z2"]
    assert "X[n * INPUTS + 2] = x1 * x2;" in made["module"]
    assert made["layers"][0]["slope"] == "slope1"
    assert made["arguments"]["step"][0] == "w"


@pytest.mark.parametrize("loss", [*LOSSES, "abs(p - y)**3"])
def test_how_the_loss_of_all_rows_comes_of_those_of_some_is_told(loss):
    row = LOSSES.get(loss)
    output = row.outputs[0] if row and row.outputs else "linear"
    made = cr.derive(cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(2, output)]), loss, cr.GradientDescent(0.1))
    (formula,) = (step.expression for step in made.evaluation_steps if step.name == "data_loss")
    random = np.random.RandomState(0)
    values = {name: random.uniform(0.2, 0.8, (8, 2)) for name in names(formula) if name != "N"}

    def of(begin, end):
        return evaluate(formula, {**{name: array[begin:end] for name, array in values.items()}, "N": end - begin})

    ways = {"sum": of(0, 5) + of(5, 8), "mean": (5 * of(0, 5) + 3 * of(5, 8)) / 8}
    told = [way for way, value in ways.items() if np.isclose(value, of(0, 8), rtol=1e-12)]
    assert steps.additive(made) == "".join(told)
    assert steps.additive(made.replace("delta1", "delta2 @ W2.T")) == ""


def test_an_edit_is_part_of_the_program():
    made = answers.program(asked(edits={"slope1": "1"}))
    assert made["edited"] == ["slope1"]
    assert next(step for step in made["steps"] if step["name"] == "slope1")["text"].startswith("slope1 = full_like(")


def test_a_table_is_prepared_as_train_prepares_it():
    text = "a,b,kind\n" + "\n".join(f"{i},{i % 3},{'yes' if i % 2 else 'no'}" for i in range(20))
    assert tables.table({"name": "t.csv", "text": text})["names"] == ["a", "b", "kind"]
    made = tables.table({"name": "t.csv", "text": text, "target": "kind", "test": 0.25})
    assert (made["kind"], made["classes"], made["outputs"]) == ("classes", ["no", "yes"], 1)
    assert made["training"]["count"] == 15
    X = np.reshape(made["training"]["X"], (15, 2))
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    found = [(row["name"], row["role"], row["begin"]) for row in made["features"]]
    assert found == [("a", "numeric", 0), ("b", "numeric", 1)]


def test_a_table_is_read_as_is_said():
    coded = base64.b64encode("Größe;Kauf\n1,5;ja\n2,5;nein\n?;ja\n".encode("cp1252")).decode()
    asked = {"name": "t.csv", "target": "Kauf", "test": 0, "read": {"encoding": "cp1252", "missing": "?"}}
    made = tables.table({**asked, "base64": coded})
    assert (made["names"], made["features"][0]["mean"]) == (["Größe", "Kauf"], 2.0)
    assert made["remarks"] == [{"kind": "missing", "column": "Größe", "count": 1}]
    again = {**asked, "digest": made["digest"]}
    assert tables.table(again)["columns"] == made["columns"]
    assert tables.table({**again, "read": {"encoding": "cp1252"}}) == {"again": True}  # read in another way


def test_the_roles_of_columns_can_be_changed_and_a_table_has_a_digest():
    text = "a,b,kind\n" + "\n".join(f"{i},{i % 3},{'yes' if i % 2 else 'no'}" for i in range(20))
    given = {"name": "t.csv", "text": text, "target": "kind", "test": 0}
    made = tables.table({**given, "roles": {"a": "ignore", "b": "categorical"}})
    assert made["columns"] == ["b=0", "b=1", "b=2"]
    assert made["digest"] == tables.table({"name": "x", "text": text})["digest"]
    coded = base64.b64encode(text.encode()).decode()
    assert tables.table({"name": "t.csv", "base64": coded})["digest"] == made["digest"]
    assert tables.table({**given, "target": "a", "roles": {"kind": "ignore"}})["target"]["mean"] == 9.5


WIDE = ",".join(f"c{i}" for i in range(60)) + "\n" + ",".join("1" * 60)

REFUSED = {
    "no set": (answers.data, {"set": "circles"}, "circle"),
    "too many points": (answers.data, {"set": "circle", "points": 10**7}, "from 4 to 2,000"),
    "noise": (answers.data, {"set": "circle", "noise": 2}, "noise"),
    "share": (answers.data, {"set": "circle", "test": 1}, "share"),
    "unknown key": (answers.data, {"set": "circle", "colour": 1}, "colour"),
    "not an object": (answers.data, [], "data"),
    "formula": (answers.data, {"set": "circle", "inputs": ["x1 +"]}, "position 5"),
    "formula of nothing": (answers.data, {"set": "circle", "inputs": ["3"]}, "formula of x1"),
    "formula, not finite": (answers.data, {"set": "xor", "inputs": ["log(x1)"]}, "not a finite number where x1 = 0"),
    "batch": (answers.program, asked(batch=30), "batch_size is 30"),
    "no network": (answers.program, asked(network=None), "network"),
    "no layers": (answers.program, asked(network={"layers": []}), "layer"),
    "activation": (
        answers.program,
        asked(network={**NETWORK, "layers": [{"layer": "dense", "units": 1, "activation": "sigmoyd"}]}),
        "sigmoyd",
    ),
    "loss": (
        answers.program,
        asked(network={**NETWORK, "loss": "poisson", "layers": [{"layer": "dense", "units": 1, "activation": "tanh"}]}),
        "poisson",
    ),
    "too large": (
        answers.program,
        asked(
            network={
                **NETWORK,
                "layers": [
                    {"layer": "dense", "units": 50_000, "activation": "relu"},
                    {"layer": "dense", "units": 1, "activation": "sigmoid"},
                ],
            }
        ),
        "200,001 parameters",
    ),
    "edit": (answers.program, asked(edits={"delta9": "1"}), "delta9"),
    "edit, no text": (answers.program, asked(edits={"delta2": 1}), "edits"),
    "edit, formula": (answers.program, asked(edits={"delta2": "(p -"}), "position"),
    "language": (answers.source, {"columns": ["x1", "x2"], "network": NETWORK, "language": "cobol"}, "cobol"),
    "table, ragged": (tables.table, {"name": "t.csv", "text": "a,b\n1\n"}, "row 2"),
    "table, target": (tables.table, {"name": "t.csv", "text": "a,b\n1,2\n3,4\n", "target": "c"}, "'c'"),
    "table, task": (tables.table, {"name": "t.csv", "text": "a,b\n1,2\n", "target": "b", "task": "x"}, "known are"),
    "table, NaN": (
        tables.table,
        {"name": "t.csv", "text": "a,b\n1,2\n2,1\nx7,3\n" + "4,5\n" * 30, "target": "b"},
        "row 4",
    ),
    "table, role": (
        tables.table,
        {"name": "t.csv", "text": "a,b\n1,2\n", "target": "b", "roles": {"a": "x"}},
        "ignore",
    ),
    "table, all ignored": (
        tables.table,
        {"name": "t.csv", "text": "a,b\n1,2\n3,4\n", "target": "b", "roles": {"a": "ignore"}},
        "keep at least one",
    ),
    "table, role that does not fit": (
        tables.table,
        {"name": "t.csv", "text": "a,b\nx,2\ny,4\n", "target": "b", "roles": {"a": "numeric"}},
        "row 2",
    ),
    "table, no base64": (tables.table, {"name": "t.csv", "base64": "?"}, "base64"),
    "table, bytes": (tables.table, {"name": "t.csv", "base64": "YSxiCv8sMQo="}, "UTF-8"),
    "table, another reading": (tables.table, {"name": "t.csv", "text": "a,b\n1,2\n", "read": {"rows": "3"}}, "read:"),
    "table, encoding": (tables.table, {"name": "t.csv", "text": "a\n", "read": {"encoding": "x"}}, "encoding 'x'"),
    "table, wide": (tables.table, {"name": "t.csv", "text": WIDE}, "at most"),
}


@pytest.mark.parametrize(("endpoint", "body", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why(endpoint, body, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        endpoint(body)
