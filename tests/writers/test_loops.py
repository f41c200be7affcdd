"""The lowering: what becomes a nest of its own, what joins which nest, and what needs no memory."""

import pytest

import chainrule as cr
from chainrule.program.expr import Name, call
from chainrule.program.steps import Program, Step
from chainrule.writers.lowering import Contraction, Lowered, Nest, Reduction, RowWise, lower, prepared
from tests.zoo import ZOO


def lowered(program: Program, **options: bool) -> Lowered:
    return lower(program, program.steps, {program.loss}, **options)


def nest_of(found: Lowered, target: str) -> Nest:
    return next(nest for nest in found.nests if target in nest.targets)


@pytest.mark.parametrize("name", ZOO)
def test_a_name_is_there_before_it_is_read(name):
    program = ZOO[name]()
    known = {"N", "t", *program.inputs, *program.hyperparameters, *program.parameters, *program.state}
    for nest in lowered(program).nests:
        assert set(nest.reads) <= known, nest
        known |= set(nest.targets) - nest.registers


@pytest.mark.parametrize("name", ZOO)
def test_reductions_are_taken_out_of_the_loops_that_they_do_not_depend_on(name):
    for nest in lowered(ZOO[name]()).nests:
        for value in nest.expressions:
            if nest.space:
                assert "sum" not in str(value) or str(value).count(".sum(") == 0
            assert "@" not in str(value)


def test_the_means_of_batch_norm_have_names():
    found = lowered(cr.derive(cr.Network.parse("5-4-3", "tanh", batch_norm=True), "mean_squared_error"))
    for name in ("mean_dn1", "mean_dn1_n1"):
        core = nest_of(found, name).core
        assert isinstance(core, Reduction)
        assert core.axis == 0
        assert found.buffers[name] == (4,)
    variance = nest_of(found, "variance1")
    assert "mean1" in variance.reads
    assert variance.targets == ("variance1", "std1")


def test_one_nest_gives_softmax_and_its_logarithm():
    found = lowered(ZOO["relu_softmax_adam"]())
    core = nest_of(found, "p").core
    assert core == RowWise("z2", (("softmax", "p"), ("log_softmax", "log_p")))
    assert "log_p" in nest_of(found, "data_loss").reads


def test_a_value_of_a_row_is_a_register_of_that_row():
    found = lowered(ZOO["softmax_squared_error"]())
    nest = nest_of(found, "delta2")
    assert [row.targets for row in nest.rows] == [("sum_error2_p",)]
    assert "sum_error2_p" not in found.buffers


def test_element_wise_steps_join_the_contraction_that_they_follow():
    found = lowered(cr.derive(cr.Network.parse("5-4-3", "gelu"), "mean_squared_error"))
    assert nest_of(found, "z1").targets == ("z1", "normal_cdf1", "a1")
    assert isinstance(nest_of(found, "a1").core, Contraction)


def test_what_only_its_own_nest_reads_is_a_register():
    program = cr.derive(cr.Network.parse("5-4-3", "gelu"), "mean_squared_error")
    found = lower(program, program.prediction_steps, {program.prediction})
    assert nest_of(found, "a1").registers == {"z1"}
    assert "z1" not in found.buffers


@pytest.mark.parametrize("name", ZOO)
def test_keep_leaves_every_named_step_in_memory(name):
    program = ZOO[name]().full
    found = lowered(program, keep=True)
    targets = {target for nest in found.nests for target in nest.targets if target not in nest.registers}
    assert {step.name for step in program.steps if isinstance(step, Step)} <= targets


def test_the_gradient_of_a_bias_is_taken_beside_that_of_the_weights():
    found = lowered(ZOO["relu_softmax_adam"]())
    assert nest_of(found, "db1") is nest_of(found, "dW1")
    assert nest_of(found, "dW1").targets == ("dW1", "db1")


def test_transpositions_move_to_the_names():
    A, B = Name("A", ("N", 3)), Name("B", (3, 4))
    assert prepared((A @ B).T) == B.T @ A.T
    assert prepared((A * 2).T.T) == A * 2
    assert prepared((call("tanh", A) * A).T) == call("tanh", A.T) * A.T
