"""The emitted JAX modules compute what the reference evaluator computes.

All of the zoo is checked for types, which needs no compiler; a few networks, which together use every op, run.
"""

import numpy as np
import pytest

from chainrule.engines.reference import run_steps
from chainrule.program.expr import Call, walk
from chainrule.program.ops import OPS
from chainrule.program.steps import Program, Step
from tests.tools import Late
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

jax = Late("jax")

FUNCTIONS = ("step", "predict", "evaluate", "trace")
RUN = (
    "relu_softmax_adam", "leaky_relu_absolute_nesterov", "elu_huber_rmsprop", "gelu_adamw", "exp_poisson_of_softplus",
    "elastic_net_clip_norm", "every_layer", "own_formulas", "cosine_warm_up", "step_decay", "clip_delta",
)  # fmt: skip


@pytest.fixture
def double():
    """Float64, for the time of one test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def modules():
    """Name -> what the module of the full program defines; made once, so that each function is compiled once."""
    made = {}

    def find(name):
        if name not in made:
            made[name] = load(ZOO[name]().full.source("jax", functions=FUNCTIONS))
        return made[name]

    return find


def ops(program: Program) -> set[str]:
    expressions = [expression for step in program.full.steps for _, expression in step.assignments]
    return {node.op for expression in expressions for node in walk(expression) if isinstance(node, Call)}


def test_the_networks_that_run_use_every_op_of_the_zoo():
    used = set().union(*(ops(ZOO[name]()) for name in ZOO))
    run = set().union(*(ops(ZOO[name]()) for name in RUN))
    assert used <= run, used - run
    assert used <= set(OPS)


@pytest.mark.parametrize("name", RUN)
def test_every_named_step_agrees_with_the_reference(name, modules, double):
    program, given = ZOO[name](), sample(ZOO[name]())
    values = modules(name)["trace"](*arguments(program, "trace", given))
    assert set(values) == {step.name for step in program.full.steps if isinstance(step, Step)}
    assert_agree(program, values, reference_trace(program, given))


@pytest.mark.parametrize("name", RUN[::2])
def test_several_steps_agree_with_the_reference(name, double):
    program, given = ZOO[name](), sample(ZOO[name]())
    losses, kept = run_module(program, load(program.source("jax"))["step"], given, 3)
    expected_losses, expected = reference_steps(program, given, 3)
    np.testing.assert_allclose([float(loss) for loss in losses], expected_losses, rtol=1e-10)
    assert_agree(program, kept, expected)


@pytest.mark.parametrize("name", ["every_layer", "own_formulas"])
def test_predict_and_evaluate_agree_with_the_reference(name, modules, double):
    program, given = ZOO[name](), sample(ZOO[name]())
    values = run_steps(program.evaluation_steps, given.values)
    output, loss = modules(name)["evaluate"](*arguments(program, "evaluate", given))
    assert_agree(program, {program.prediction: output, "data_loss": loss}, values)
    assert_agree(program, {program.prediction: modules(name)["predict"](*arguments(program, "predict", given))}, values)


@pytest.mark.parametrize(("name", "x64"), [*((name, True) for name in ZOO), *((name, False) for name in RUN[:3])])
def test_float32_stays_float32(name, x64, modules):
    program, given = ZOO[name](), single(sample(ZOO[name]()))
    with jax.enable_x64(x64):
        for function in FUNCTIONS:
            result = jax.eval_shape(modules(name)[function], *arguments(program, function, given))
            if function == "trace":
                result = {step: value for step, value in result.items() if program[step].note != "slope"}
                result = {step: value for step, value in result.items() if program[step].phase != "update"}
            for found in jax.tree_util.tree_leaves(result):
                assert found.dtype == np.float32, (function, result)
