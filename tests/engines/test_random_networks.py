"""The random networks of the oracle in C, beside the reference: every named step, updates, and float32.

`make test` takes some of the 200 and does not optimize, `make test-all` takes all and does.
PyTorch is beside them in tests/oracle, on the C engine too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.observe.trace import starting, step_inputs
from tests.oracle.declared import COUNT, STEPS, declare
from tests.writers.agreement import assert_agree, gradients, reference_steps, reference_trace
from tests.writers.compiled import Compiled
from tests.writers.product import ALL
from tests.zoo import Sample

SOME = range(0, COUNT, 1 if ALL else 47)
LEVEL = "-O2" if ALL else "-O0"
KERNELS = ("plain", "tiled", "lanes")


def drawn(seed, dtype):
    """A program and what its first step reads."""
    declared = declare(seed)
    program = declared.program()
    inputs = step_inputs(program.full, declared.X, declared.y, dtype, declared.sample_weight)
    return program, Sample(inputs, *starting(program, None, dtype, seed), dict(program.hyperparameters), 1)


@pytest.mark.parametrize("seed", SOME)
def test_c_agrees_with_the_reference(seed, tmp_path):
    program, given = drawn(seed, "float64")
    functions = ("step", "trace")
    compiled = Compiled(program, tmp_path, LEVEL, functions=functions, kernels=KERNELS[seed % 3], rows=given.rows)
    wanted, found = reference_trace(program, given), compiled.trace(given)
    assert_agree(program.full, {name: found[name].reshape(np.shape(wanted[name])) for name in wanted}, wanted)
    losses, after = compiled.steps(given, STEPS)
    expected, reference = reference_steps(program, given, STEPS)
    np.testing.assert_allclose(losses, expected, rtol=1e-10)
    assert_agree(program, after, reference)


def test_float32_gradients_are_near_those_of_float64(tmp_path):
    """Median relative error at most 1e-6, of 95 in 100 at most 5e-5; relative to the largest of the gradient."""
    errors = []
    for seed in SOME:
        program, given = drawn(seed, "float32")
        kernels, folder = KERNELS[(seed + 1) % 3], tmp_path / str(seed)
        folder.mkdir()
        options: dict[str, Any] = {"functions": ("trace",), "kernels": kernels, "real": "float", "rows": given.rows}
        found = Compiled(program, folder, LEVEL, **options).trace(given)
        inputs, parameters, state = (
            {name: array.astype("float64") for name, array in arrays.items()}
            for arrays in (given.inputs, given.parameters, given.state)
        )
        wanted = reference_trace(program, Sample(inputs, parameters, state, given.hyperparameters, given.t))
        for name in gradients(program):
            scale = max(float(np.abs(wanted[name]).max()), 1e-30)
            errors += (np.abs(found[name].reshape(wanted[name].shape) - wanted[name]) / scale).ravel().tolist()
    print(f"{len(errors)} errors: median {np.median(errors):.2g}, 95th percentile {np.percentile(errors, 95):.2g}")
    assert len(errors) > 500
    assert np.median(errors) <= 1e-6
    assert np.percentile(errors, 95) <= 5e-5
