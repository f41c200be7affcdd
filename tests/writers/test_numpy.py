"""The emitted NumPy modules compute what the reference evaluator computes. Warnings are errors here."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.reference import run_steps
from chainrule.program.steps import Step
from tests.writers.agreement import (
    arguments,
    assert_agree,
    load,
    reference_steps,
    reference_trace,
    run_module,
    single,
)
from tests.zoo import ZOO, sample

FUNCTIONS = ("step", "predict", "evaluate", "trace")


@pytest.mark.parametrize("name", ZOO)
def test_every_named_step_agrees_with_the_reference(name):
    program, given = ZOO[name](), sample(ZOO[name]())
    trace = load(program.full.source("numpy", functions=("trace",)))["trace"]
    values = trace(*arguments(program, "trace", given))
    assert list(values) == [step.name for step in program.full.steps if isinstance(step, Step)]
    assert_agree(program, values, reference_trace(program, given))


@pytest.mark.parametrize("name", ZOO)
def test_condensed_and_full_are_bit_identical(name):
    program, given = ZOO[name](), sample(ZOO[name]())
    condensed, full = (load(p.source("numpy", functions=FUNCTIONS)) for p in (program, program.full))
    short, long = (module["trace"](*arguments(program, "trace", given)) for module in (condensed, full))
    assert set(short) <= set(long)
    for step in short:
        np.testing.assert_array_equal(short[step], long[step], strict=True, err_msg=step)
    losses, kept = run_module(program, condensed["step"], given, 3)
    losses_in_full, kept_in_full = run_module(program, full["step"], given, 3)
    assert losses == losses_in_full
    for variable in kept:
        np.testing.assert_array_equal(kept[variable], kept_in_full[variable], err_msg=variable)


@pytest.mark.parametrize("name", ZOO)
def test_several_steps_agree_with_the_reference(name):
    program, given = ZOO[name](), sample(ZOO[name]())
    losses, kept = run_module(program, load(program.source("numpy"))["step"], given, 4)
    expected_losses, expected = reference_steps(program, given, 4)
    np.testing.assert_allclose([float(loss) for loss in losses], expected_losses, rtol=1e-10)
    assert_agree(program, kept, expected)


@pytest.mark.parametrize("name", ZOO)
def test_predict_and_evaluate_agree_with_the_reference(name):
    program, given = ZOO[name](), sample(ZOO[name]())
    module = load(program.source("numpy", functions=FUNCTIONS))
    values = run_steps(program.evaluation_steps, given.values)
    output, loss = module["evaluate"](*arguments(program, "evaluate", given))
    found = {program.prediction: module["predict"](*arguments(program, "predict", given)), "data_loss": loss}
    assert_agree(program, found, values)
    np.testing.assert_array_equal(output, found[program.prediction])


@pytest.mark.parametrize("name", ZOO)
def test_float32_stays_float32(name):
    program, given = ZOO[name](), single(sample(ZOO[name]()))
    module = load(program.full.source("numpy", functions=FUNCTIONS))
    for step, value in module["trace"](*arguments(program, "trace", given)).items():
        dtype = np.asarray(value).dtype
        is_slope = program[step].note == "slope"
        plain = isinstance(value, (int, float)) and not np.shape(value)
        assert dtype == np.float32 or plain or (is_slope and dtype == np.bool_), (step, dtype)
    losses, kept = run_module(program, load(program.source("numpy"))["step"], given, 2)
    found = {**kept, "output": module["predict"](*arguments(program, "predict", given))}
    found["evaluated"], found["loss"] = module["evaluate"](*arguments(program, "evaluate", given))
    for variable, value in found.items():
        assert value.dtype == np.float32, variable
    assert all(loss.dtype == np.float32 for loss in losses)


def test_whole_numbers_may_be_given():
    """As in the founding texts: the derivative of leaky relu, 0.01, must not be cut to a whole number."""
    program = ZOO["leaky_relu_absolute_nesterov"]()
    given = sample(program)
    X, y = given.inputs["X"].round(), given.inputs["y"].round()
    trace = load(program.source("numpy", functions=("trace",)))["trace"]
    rest = arguments(program, "trace", given)[2:]
    whole, real = trace(X.astype(int), y.astype(int), *rest), trace(X, y, *rest)
    for step in whole:
        np.testing.assert_array_equal(whole[step], real[step], err_msg=step)


def test_conditions_count_as_numbers():
    """To NumPy True + True is True, and 0.5 * True has a type of its own."""
    steep = cr.formula("steep", "z * (0.5 * (z > 0) + (z > 1))")
    program = cr.derive(cr.Network(3, [cr.Dense(4, steep), cr.Dense(1)]), "mean_squared_error")
    given = single(sample(program))
    trace = load(program.full.source("numpy", functions=("trace",)))["trace"]
    values = trace(*arguments(program, "trace", given))
    z = values["z1"]
    assert (z > 1).any()
    np.testing.assert_allclose(values["a1"], z * (0.5 * (z > 0) + 1.0 * (z > 1)), rtol=1e-6)
    np.testing.assert_array_equal(values["slope1"], np.where(z > 1, 1.5, np.where(z > 0, 0.5, 0)))
    assert values["a1"].dtype == values["slope1"].dtype == np.float32
