"""What is around the step in C: memory for scratch, and many steps in one call."""

import itertools

import numpy as np
import pytest

from chainrule.engines.engine import Batches
from chainrule.engines.reference import run_steps
from chainrule.writers.c import CWriter
from tests.writers.agreement import assert_agree
from tests.writers.compiled import FUNCTIONS, SHARED, Compiled, compile_c, together
from tests.zoo import ZOO, sample

EVERYTHING = (*FUNCTIONS, "train")


def batched(program, seed=0):
    """A sample with masks as long as the batches, whose offsets begin above 0."""
    given = sample(program, rows=9, seed=seed)
    offsets = np.array([2, 6, 11, 13, 22], dtype=np.int64)
    rows = np.random.RandomState(1).randint(9, size=22).astype(np.int64)
    random = np.random.RandomState(2)
    masks = {m.name: (random.random_sample((22, m.units)) < m.keep).astype(float) for m in program.masks}
    return given, Batches(offsets, rows), masks


def reference(program, given, batches, masks):
    values, losses = given.values, []
    everything = {name: given.inputs[name] for name in given.inputs if name not in masks}
    for i in range(len(batches)):
        here = slice(*batches.offsets[i : i + 2])
        rows = slice(0, here.stop - here.start) if batches.rows is None else batches.rows[here]
        values |= {name: array[rows] for name, array in everything.items()}
        values |= {name: array[here] for name, array in masks.items()}
        values |= {"t": given.t + i, "N": here.stop - here.start}
        run_steps(program.steps, values)
        losses.append(float(values[program.loss]))
    return losses, {name: values[name] for name in (*program.parameters, *program.state)}


TRAINED = ("founding_3_1", "deep_batch_norm", "l2_weighted", "every_layer", "cosine_warm_up")
SERVED = ("founding_3_1", "relu_softmax_adam", "every_layer")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """compiled(name, rows): one of those that are looked at here, which are compiled as one unit."""
    looked_at = [*itertools.product(TRAINED, (None, 16)), *itertools.product(SERVED, (None, 9))]
    modules = {}
    for name, rows in looked_at:
        prefix = f"{name}_{rows}_".lower()
        modules[prefix] = CWriter(ZOO[name](), real="double", prefix=prefix, rows=rows).module(EVERYTHING)
    library = compile_c(together(modules), tmp_path_factory.mktemp("drivers"), *SHARED)

    def find(name, rows, **options):
        prefix = f"{name}_{rows}_".lower()
        return Compiled(ZOO[name](), functions=EVERYTHING, library=library, prefix=prefix, rows=rows, **options)

    return find


@pytest.mark.parametrize("name", TRAINED)
def test_train_makes_the_steps_of_the_reference(name, compiled):
    program = ZOO[name]()
    given, batches, masks = batched(program)
    for chosen in (batches, Batches(batches.offsets)):
        wanted, expected = reference(program, given, chosen, masks)
        for rows in (None, 16):
            losses, after = compiled(name, rows).train(given, chosen, masks)
            np.testing.assert_allclose(losses, wanted, rtol=1e-10)
            assert_agree(program, after, expected)


@pytest.mark.parametrize("name", SERVED)
def test_memory_handed_in_serves_any_number_of_rows(name, compiled):
    program = ZOO[name]()
    compiled, other = compiled(name, None, most=9), compiled(name, 9)
    for rows in (2, 9):
        given = sample(program, rows)
        found, expected = compiled.trace(given), other.trace(given)
        assert {name: found[name].tolist() for name in found} == {name: expected[name].tolist() for name in expected}
        assert compiled.steps(given, 2)[0] == other.steps(given, 2)[0]


def test_train_counts_further_than_an_int(tmp_path):
    program = ZOO["step_decay"]()
    compiled = Compiled(program, tmp_path, functions=("step", "train"))
    given = sample(program, 6)
    given = type(given)(given.inputs, given.parameters, given.state, given.hyperparameters, t=2**31 - 2)
    losses, after = compiled.train(given, Batches.whole(6, 4), {})
    assert np.isfinite(losses).all()
    assert all(np.isfinite(array).all() for array in after.values())


def test_train_needs_the_step():
    with pytest.raises(ValueError, match="train calls step"):
        CWriter(ZOO["linear"]()).module(("predict", "train"))
