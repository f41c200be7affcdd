"""verify: it holds after every pass, and one planted fault per rule is found."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

import chainrule as cr
from chainrule.program.condense import condense
from chainrule.program.expr import Call, Name
from chainrule.program.steps import Program, ProgramError, Step, Update, Variable
from chainrule.program.verify import verify
from tests.zoo import ZOO, programs


@settings(max_examples=20)
@given(programs())
def test_holds_after_every_pass_of_drawn_networks(program):
    assert verify(program.full) is program.full
    assert verify(condense(program.full)) == program


@pytest.mark.parametrize("name", ZOO)
def test_holds_after_every_pass_of_the_zoo(name):
    program = ZOO[name]()
    assert verify(program.full) is program.full
    assert verify(program) is program


NETWORK = cr.Network(3, [cr.Dense(4, "tanh"), cr.Dense(2)])
PROGRAM = cr.derive(NETWORK, "mean_squared_error", cr.Momentum(0.1), cr.L2(0.1)).full
Z1, X, W1 = Name("z1", ("N", 4)), Name("X", ("N", 3)), Name("W1", (3, 4))


def step(name: str) -> Step:
    found = PROGRAM[name]
    assert isinstance(found, Step)
    return found


def update(name: str) -> Update:
    found = PROGRAM[name]
    assert isinstance(found, Update)
    return found


def put(*changes: tuple[str, Step | Update | None], after: str = "") -> Program:
    """PROGRAM with statements changed or, with None, left out; an unknown one is put in behind `after`."""
    steps = [dict(changes).get(s.name, s) for s in PROGRAM.steps]
    for name, statement in changes:
        if statement is not None and all(s.name != name for s in PROGRAM.steps):
            steps.insert([s.name for s in PROGRAM.steps].index(after) + 1, statement)
    return replace(PROGRAM, steps=tuple(s for s in steps if s is not None))


def changed(name: str, expression) -> tuple[str, Step]:
    return name, replace(step(name), expression=expression)


def assigned(name: str, *assignments) -> tuple[str, Update]:
    return name, replace(update(name), assignments=assignments)


PREDICTION = PROGRAM.prediction_steps
EVALUATION = PROGRAM.evaluation_steps

FAULTS = {
    "a shape that is not the rule's": (
        put(changed("a1", Call("tanh", (Z1,), (), ("N", 5)))), r"a1: tanh\(z1\) has shape \(N, 5\)"),
    "an adjoint of another shape": (
        put(changed("dW1", Name("W2", (4, 2)) * 1.0)), r"dW1: adjoint \(4, 2\) of W1 \(3, 4\)"),
    "two assignments of a name": (
        put(changed("a1", Call("tanh", (Z1,), (), ("N", 4))), ("z1_", replace(step("z1"))), after="a1"),
        "z1: assigned twice"),
    "an assignment to an input": (
        put(("X", Step("X", X * 2.0, "forward", "pre_activation")), after="z1"), "X: assigned twice"),
    "a use before the assignment": (
        put(changed("z1", Name("a1", ("N", 4)) * 1.0)), "z1: a1 is used before it is assigned"),
    "a name from nowhere": (
        put(changed("a1", Name("a7", ("N", 4)) * 1.0)), "a1: a7 is used before it is assigned"),
    "a parameter read after its update": (
        put(assigned("b1", ("vb1", Name("vb1", (4,)) * 0.9), ("b1", Name("b1", (4,)) - W1.sum(axis=0)))),
        "b1: W1 is read after its update"),
    "a slot read after its update": (
        put(assigned("b1", ("vb1", Name("vb1", (4,)) * 0.9), ("b1", Name("vW1", (3, 4)).sum(axis=0)))),
        "b1: vW1 is read after its update"),
    "an update twice": (
        put(assigned("b1", ("vb1", Name("vb1", (4,)) * 0.9), ("W1", Name("dW1", (3, 4)) * 1.0))),
        "b1: W1 is updated twice"),
    "an update of what is no parameter": (
        put(assigned("b1", ("z1", Z1 * 2.0))), "b1: an update of z1, which is no parameter and no state"),
    "an update that changes the shape": (
        put(assigned("b1", ("b1", Name("b1", (4,)).sum()))), "b1: b1 changes its shape"),
    "a parameter never updated": (
        put(("b1", None)), "never updated: b1"),
    "two contractions in a step": (
        put(changed("z1", (X @ W1) + (X @ W1))), "z1: more than one contraction"),
    "phases out of order": (
        put(("dW1", replace(step("dW1"), phase="loss"))), "the phases are out of order"),
    "no loss": (
        replace(PROGRAM, loss="cost"), "output or loss is never assigned"),
    "no output": (
        replace(PROGRAM, prediction="p"), "output or loss is never assigned"),
    "two meanings of a name": (
        replace(PROGRAM, state={**PROGRAM.state, "mu": Variable("mu", ())}), "mu has two meanings"),
    "a name that is taken": (
        replace(PROGRAM, hyperparameters={**PROGRAM.hyperparameters, "N": 3.0}), "N has two meanings"),
    "a prediction that looks at y": (
        replace(PROGRAM, prediction_steps=(*PREDICTION, Step("q", Name("y", ("N", 2)) * 2.0, "forward", "output"))),
        "q: prediction uses y"),
    "a prediction with two assignments": (
        replace(PROGRAM, prediction_steps=(*PREDICTION, PREDICTION[-1])), "assigned twice in prediction"),
    "no prediction": (
        replace(PROGRAM, prediction_steps=PREDICTION[:-1]), "z2 is never predicted"),
    "two contractions in the prediction": (
        replace(PROGRAM, prediction_steps=(replace(PREDICTION[0], expression=(X @ W1) - (X @ W1)), *PREDICTION[1:])),
        "z1: more than one contraction"),
    "no evaluation of the loss": (
        replace(PROGRAM, evaluation_steps=EVALUATION[:-1]), "data_loss is never predicted"),
    "an evaluation that looks at weights of rows": (
        replace(PROGRAM, evaluation_steps=(Step("w", Name("sample_weight", ("N", 1)), "loss", "data_loss"),)),
        "w: prediction uses sample_weight"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault):
    program, message = FAULTS[fault]
    with pytest.raises(ProgramError, match=message):
        verify(program)


def test_without_a_fault_it_holds():
    assert verify(put()) == PROGRAM


def test_an_adjoint_of_a_folded_value_is_no_fault():
    condensed = condense(PROGRAM)
    assert "z1" in condensed.folded
    assert verify(condensed) is condensed


def test_observations_may_stand_anywhere():
    observed = Step("size1", Z1.sum(), "observe", "slope")
    program = put(("size1", observed), after="z1")
    assert verify(program) is program
