"""Own formulas: text and Python functions, scalars, what is refused."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.formulas.activations import activation
from chainrule.formulas.formula import Formula, looks_like_formula
from chainrule.formulas.losses import loss
from chainrule.program.text import FormulaError
from tests.complex_step import deviation
from tests.zoo import sample


def test_a_formula_is_plain_data():
    swish = cr.formula("swish", "z * sigmoid(beta * z)", beta=1, trainable=["beta"])
    assert swish == Formula("swish", "z * sigmoid(beta * z)", {"beta": 1.0}, ("beta",))
    assert swish.variables == ("z",)
    assert pickle.loads(pickle.dumps(swish)) == swish


def test_a_python_function_means_the_same_as_its_text():
    by_function = cr.formula("swish", lambda z: z * cr.sigmoid(1.702 * z))
    assert by_function == cr.formula("swish", "z * sigmoid(1.702 * z)")
    own_loss = cr.formula("own", lambda p, y: cr.where(abs(p - y) > 1, 2 * abs(p - y), (y - p) ** 2 / 2 + 1))
    assert own_loss.text == "where(abs(p - y) > 1, 2 * abs(p - y), (y - p)**2 / 2 + 1)"
    assert own_loss.variables == ("p", "y")


def test_a_python_function_may_use_every_operator():
    own = cr.formula("own", lambda z: -(2**z) + 1 / (1 + z) - (3 - z) * (z <= 1) * (z >= 0) * (z < 2) + 5)
    assert own.text == "-2**z + 1 / (1 + z) - (3 - z) * (z <= 1) * (z >= 0) * (z < 2) + 5"
    rows = cr.formula("rows", lambda z: z / (z.sum(axis=1, keepdims=True) + z.mean() + 1))
    assert rows.text == "z / (z.sum(axis=1, keepdims=True) + z.mean() + 1)"


def test_a_python_function_that_branches_is_refused():
    with pytest.raises(TypeError, match="an expression has no truth value; write where"):
        cr.formula("own", lambda z: z if z > 0 else 0 * z)
    with pytest.raises(TypeError, match="must return an expression, not int"):
        cr.formula("own", lambda z: 1)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match="where takes 3 arguments"):
        cr.formula("own", lambda z: cr.where(z > 0, z))


def test_trainable_scalars_are_parameters_of_each_layer():
    swish = cr.formula("swish", "z * sigmoid(beta * z)", beta=1.5, trainable=["beta"])
    program = cr.derive(cr.Network(2, [cr.Dense(3, swish), cr.Dense(3, swish), cr.Dense(1)]), "mean_squared_error")
    assert [program.parameters[name].start for name in ("beta1", "beta2")] == [1.5, 1.5]
    assert [str(program["dbeta1"].shape), str(program["beta2"].shape)] == ["()", "()"]
    given = sample(program)
    assert deviation(program, given) < 1e-13
    before = float(given.parameters["beta1"])
    after = run_steps(program.steps, given.values)
    assert after["beta1"] == before - program.hyperparameters["learning_rate"] * after["dbeta1"]


def test_a_part_of_a_formula_may_be_of_its_scalars_alone():
    own = cr.formula("own", "relu(beta) * z", beta=0.5, trainable=["beta"])
    program = cr.derive(cr.Network(2, [cr.Dense(3, own), cr.Dense(1)]), "mean_squared_error")
    given = sample(program)
    X, y = given.inputs["X"], given.inputs["y"]
    slopes = [cr.trace(program, X, y, given.parameters, engine=e)["dbeta1"] for e in ("numpy", "reference")]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-12)


def test_other_scalars_are_constants():
    program = cr.derive(cr.Network(2, [cr.Dense(3, cr.formula("own", "tanh(c * z)", c=0.5)), cr.Dense(1)]))
    assert str(program["a1"]) == "a1 = tanh(0.5 * (X @ W1 + b1))"
    assert "c1" not in program.parameters


def test_a_scalar_called_beta_gets_along_with_batch_norm():
    swish = cr.formula("swish", "z * sigmoid(beta * z)", beta=1.0, trainable=["beta"])
    program = cr.derive(cr.Network(2, [cr.Dense(3, swish, batch_norm=True), cr.Dense(1)]), "mean_squared_error")
    assert list(program.parameters) == ["W1", "gamma1", "beta1", "beta1_2", "W2", "b2"]
    assert deviation(program, sample(program)) < 1e-12


def test_a_scalar_that_collides_with_an_optimizers_name_is_refused():
    own = cr.formula("own", "z * mW", mW=1.0, trainable=["mW"])
    with pytest.raises(ValueError, match="mW1 has two meanings"):
        cr.derive(cr.Network(2, [cr.Dense(1, own)]), optimizer=cr.Adam())


@pytest.mark.parametrize(
    ("text", "scalars", "message"),
    [
        ("z * sigmoid(beta * z)", {}, r"unknown name 'beta'; known: z, p, y, pi, at position 13"),
        ("z * sigmod(z)", {}, r"unknown function 'sigmod' \(did you mean sigmoid\?\)"),
        ("z * (1 + z", {}, "this opening bracket is never closed, at position 5"),
        ("z * p", {}, r"formula 'own' mixes z \(an activation\) with p and y \(a loss\)"),
        ("1 + pi", {}, r"formula 'own' uses neither z \(an activation\) nor p \(a loss\)"),
        ("y**2", {}, "uses neither z"),
        ("z.sum()", {}, "formula 'own' must give one value per element"),
        ("z.mean(axis=0)", {}, "formula 'own' must give one value per element"),
        ("z * W", {"W": 1}, "a scalar cannot be called 'W'"),
        ("z * z", {"z": 1}, "a scalar cannot be called 'z'"),
        ("z * exp", {"exp": 1}, "a scalar cannot be called 'exp'"),
        ("z * rho", {"rho": 1}, "a scalar cannot be called 'rho'"),
        ("z * learning_rate", {"learning_rate": 1}, "a scalar cannot be called 'learning_rate'"),
        ("z * c1", {"c1": 1}, "a scalar cannot be called 'c1'; use letters"),
        ("z * c", {"c": float("nan")}, "c must be a number, not nan"),
        ("z * c", {"c": "1"}, "c must be a number, not '1'"),
        ("z * c", {"c": 1, "trainable": ["d"]}, "trainable d has no initial value"),
        ("normalize(z, 0, 2)", {}, "unknown function 'normalize'"),
    ],
)
def test_refused(text, scalars, message):
    with pytest.raises(ValueError, match=message):
        cr.formula("own", text, **scalars)


def test_a_name_or_a_formula():
    assert not looks_like_formula("sigmoid")
    assert looks_like_formula("z * 2")


def test_an_activation_is_no_loss_and_a_loss_no_activation():
    with pytest.raises(ValueError, match=r"'p - y' is no activation: it must be a formula in z"):
        activation("p - y")
    with pytest.raises(ValueError, match=r"'z \* 2' is no loss: it must be a formula in p and y"):
        loss("z * 2")
    with pytest.raises(ValueError, match=r"a loss has no trainable scalars \(c\)"):
        loss(cr.formula("own", "c * (p - y)**2", c=1.0, trainable=["c"]))


@pytest.mark.parametrize("find", [activation, loss])
def test_bad_formulas_show_where(find):
    with pytest.raises(FormulaError, match=r"position 5\n    2 \* \(z\n        \^"):
        find("2 * (z")


@pytest.mark.parametrize(("find", "what"), [(activation, "an activation"), (loss, "a loss")])
def test_what_is_neither_name_nor_formula(find, what):
    with pytest.raises(ValueError, match=f"{what} is a name, a formula or a function, not 3"):
        find(3)


def test_a_formula_that_only_begins_like_a_built_in_one_is_still_what_it_says():
    """No fused loss for what is no sigmoid of z."""
    own = cr.formula("steep", "sigmoid(2 * z)")
    program = cr.derive(cr.Network(3, [cr.Dense(2, own)]), "binary_cross_entropy")
    given = sample(program)
    assert deviation(program, given) < 1e-12
    values = run_steps(program.full.steps, given.values)
    z, y = given.inputs["X"] @ given.parameters["W1"] + given.parameters["b1"], given.inputs["y"]
    p = 1 / (1 + np.exp(-2 * z))
    assert values["data_loss"] == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), rel=1e-12)
