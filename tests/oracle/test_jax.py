"""The same 200 networks in JAX: the emitted source against PyTorch. Where JAX is installed beside it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle.declared import COUNT, STEPS
from tests.oracle.test_pytorch import oracle
from tests.writers.agreement import arguments, assert_agree, load, run_module
from tests.zoo import Sample

jax = pytest.importorskip("jax")


@pytest.mark.parametrize("seed", range(COUNT))
def test_the_jax_source_agrees_with_pytorch(seed):
    expected = oracle(seed)
    declared, program = expected.declared, expected.program
    inputs = {"X": declared.X, "y": declared.y}
    if declared.sample_weight is not None:
        inputs["sample_weight"] = declared.sample_weight[:, None]
    given = Sample(inputs, expected.start, expected.state, dict(program.hyperparameters), t=1)
    with jax.enable_x64(True):
        module = load(program.full.source("jax", functions=("step", "trace")))
        traced = module["trace"](*arguments(program, "trace", given))
        losses, kept = run_module(program, module["step"], given, STEPS)
    assert_agree(program, {n: traced[n] for n in expected.gradients}, expected.gradients)
    np.testing.assert_allclose([float(value) for value in losses], expected.losses, rtol=1e-10)
    assert_agree(program, {name: kept[name] for name in expected.kept}, expected.kept)
