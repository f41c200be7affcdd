"""The random networks of the oracle on the C engine, beside the reference: every named step, updates, and float32.

`make test` takes some of the 200, `make test-all` all. PyTorch is beside them in tests/oracle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import make_engine
from chainrule.observe.trace import starting, step_inputs
from tests.oracle.declared import COUNT, STEPS, declare
from tests.writers.agreement import assert_agree, gradients
from tests.writers.product import ALL

SOME = range(0, COUNT, 1 if ALL else 47)
KERNELS = ("plain", "tiled", "lanes")


def library(program, dtype, kernels, path):
    """All functions in one library: half the time of an engine that compiles them when they are asked for."""
    cr.build(program, path, target="native", dtype=dtype, kernels=kernels)
    return make_engine(program, "c", dtype, library=path)


@pytest.mark.parametrize("seed", SOME)
def test_c_agrees_with_the_reference(seed, tmp_path):
    declared = declare(seed)
    program = declared.program()
    path = tmp_path / "float64.so"
    engine = library(program, "float64", KERNELS[seed % 3], path)
    inputs = step_inputs(program.full, declared.X, declared.y, "float64", declared.sample_weight)
    parameters, state = starting(program, None, "float64", seed)
    numbers = program.hyperparameters
    wanted = make_engine(program.full, "reference", "float64").trace(inputs, parameters, state, 1, numbers)
    found = engine.trace(inputs, parameters, state, 1, numbers)
    assert_agree(program.full, {name: found[name] for name in wanted}, wanted)
    given: dict[str, Any] = {"epochs": STEPS, "dtype": "float64", "sample_weight": declared.sample_weight, "seed": seed}
    given |= {"progress": False}
    runs = [cr.Training(program, declared.X, declared.y, engine="reference", **given)]
    runs.append(cr.Training(program, declared.X, declared.y, engine="c", library=path, **given))
    expected, mine = ({**run.fit().parameters, **run.state, "loss": run.losses} for run in runs)
    np.testing.assert_allclose(mine.pop("loss"), expected.pop("loss"), rtol=1e-10)
    assert_agree(program, mine, expected)


def test_float32_gradients_are_near_those_of_float64(tmp_path):
    """Median relative error at most 1e-6, of 95 in 100 at most 5e-5; relative to the largest of the gradient."""
    errors = []
    for seed in SOME:
        declared = declare(seed)
        program = declared.program()
        engine = library(program, "float32", KERNELS[(seed + 1) % 3], tmp_path / f"{seed}.so")
        parameters, state = starting(program, None, "float32", seed)
        inputs = step_inputs(program.full, declared.X, declared.y, "float32", declared.sample_weight)
        found = engine.trace(inputs, parameters, state, 1, program.hyperparameters)
        exact = [{name: a.astype("float64") for name, a in given.items()} for given in (inputs, parameters, state)]
        reference = make_engine(program.full, "reference", "float64")
        wanted = reference.trace(exact[0], exact[1], exact[2], 1, program.hyperparameters)
        for name in gradients(program):
            scale = max(float(np.abs(wanted[name]).max()), 1e-30)
            errors += (np.abs(found[name] - wanted[name]) / scale).ravel().tolist()
    print(f"{len(errors)} errors: median {np.median(errors):.2g}, 95th percentile {np.percentile(errors, 95):.2g}")
    assert len(errors) > 500
    assert np.median(errors) <= 1e-6
    assert np.percentile(errors, 95) <= 5e-5
