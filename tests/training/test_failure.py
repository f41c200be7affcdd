"""Training that goes wrong says where it began, and keeps the last good weights."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.numpy import NumPyEngine
from chainrule.program.steps import Program
from chainrule.training import Diverged, Training
from tests.training.runs import data, digest, regression, train


def too_fast() -> Training:
    """A summed loss and a huge rate: the weights grow without bound."""
    return train(regression("3-1", cr.GradientDescent(1e3), "half_squared_error"), epochs=1_000)


def exponential() -> Training:
    """An exponential output that overflows at its first look at row 20 of the data."""
    X, y = data()
    X[20] = 1e4
    program = cr.derive(cr.Network.parse("3-1", output="exp"), "poisson", cr.GradientDescent(1e-9))
    return train(program, (X, np.abs(y)), batch_size=5, shuffle=False, parameters={"W1": np.ones((3, 1))})


def in_the_update() -> Training:
    """Every loss and gradient is finite; the rate times the gradient is not."""
    run = train(regression("3-1", cr.GradientDescent(0.01)), epochs=4, batch_size=10)
    run.fit(2)
    run.hyperparameters["learning_rate"] = 1e308
    run.inputs["X"] = run.X * 1e3
    return run


def in_a_slot() -> Training:
    """The square of the gradient overflows in float32 and its root makes the update 0: only the slot tells."""
    X, y = data()
    return train(regression("3-1", cr.RMSprop(0.01)), (X * 1e3, y * 1e17), dtype="float32")


PLANTED = {
    "too fast": (too_fast, "data_loss", None),
    "exponential": (exponential, "a1", 5),
    "in the update": (in_the_update, "W1", 7),
    "in a slot": (in_a_slot, "sW1", 1),
}


def make(kind: str) -> tuple[Training, str, int | None]:
    planted, name, step = PLANTED[kind]
    return planted(), name, step


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("kind", PLANTED)
def test_a_divergence_is_reported_and_the_last_good_weights_are_kept(kind, watched):
    run, name, step = make(kind)
    if watched:
        run.callbacks = (cr.Callback(),)
    with pytest.raises(Diverged) as caught:
        run.fit()
    error = caught.value
    assert error.step == run.t + 1 == len(run.losses) + 1
    assert error.epoch == run.epoch + 1 == len(run.history["loss"]) + 1
    assert (error.step, error.name) == (step or error.step, name)
    for array in (*run.parameters.values(), *run.state.values(), run.losses):
        assert np.isfinite(array).all()
    message = f"training diverged in epoch {error.epoch}, at step {error.step}: {error.name} is the first value"
    assert str(error).startswith(message)
    assert len(str(error)) < 250


@pytest.mark.parametrize("kind", PLANTED)
def test_the_weights_are_exactly_those_from_before_the_failing_step(kind):
    """One by one from the start, the step before is the last one whose result is finite, and the weights are its."""
    run, _, _ = make(kind)
    with pytest.raises(Diverged) as caught:
        run.fit()
    again, _, _ = make(kind)
    again.pace = 1
    while again.t < caught.value.step - 1:
        again.run_steps(1)
        again.pace = 1
    assert digest(again) == digest(run)
    assert again.losses.tolist() == run.losses.tolist()
    with pytest.raises(Diverged, match=f"at step {caught.value.step}: {caught.value.name} is"):
        again.run_steps(1)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_failing_step_is_tried_again_by_the_next_fit(kind):
    run, _, _ = make(kind)
    for _ in range(2):
        with pytest.raises(Diverged) as caught:
            run.fit()
    assert caught.value.step == run.t + 1


def test_with_a_smaller_rate_it_goes_on():
    run = in_the_update()
    with pytest.raises(Diverged):
        run.fit()
    run.hyperparameters["learning_rate"] = 1e-9
    run.fit(1)
    assert np.isfinite(run.losses).all()


def test_the_failing_step_of_a_long_run_is_found_in_few_goes(monkeypatch):
    """A go of many steps is halved, not walked through."""
    run = train(regression("3-1", cr.GradientDescent(1e-3)), epochs=5_000)
    run.fit(5)
    run.pace, good = 4_096, 3_000
    original, calls = NumPyEngine.run, []

    def breaking(self, inputs, batches, masks, parameters, state, t, hyperparameters):
        """Step 3,000 makes a NaN."""
        calls.append(len(batches))
        losses = original(self, inputs, batches, masks, parameters, state, t, hyperparameters)
        if t <= good < t + len(batches):
            parameters["W1"][1, 0] = np.nan
            losses[good - t + 1 :] = np.nan
        return losses

    monkeypatch.setattr(NumPyEngine, "run", breaking)
    with pytest.raises(Diverged, match="at step 3000: W1 is"):
        run.fit()
    assert len(calls) < 20
    assert run.t == 2_999
    assert np.isfinite(run.parameters["W1"]).all()


def test_a_failure_in_a_block_of_many_epochs_keeps_the_history_of_those_before():
    run = too_fast()
    with pytest.raises(Diverged) as caught:
        run.fit()
    assert run.history["loss"] == run.losses.tolist()
    assert len(run.history["loss"]) == caught.value.epoch - 1 > 3


def test_an_error_within_a_step_leaves_the_weights_from_before_it(monkeypatch):
    run = train(batch_size=5).fit(2)
    before = digest(run)
    original = NumPyEngine.run

    def failing(self, inputs, batches, masks, parameters, *rest):
        original(self, inputs, batches, masks, parameters, *rest)
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(NumPyEngine, "run", failing)
        with pytest.raises(RuntimeError, match="out of memory"):
            run.fit()
    assert digest(run) == before
    assert digest(run.fit(8)) == digest(train(batch_size=5).fit())


def test_early_stopping_takes_back_its_best_also_when_it_diverges():
    program = regression("3-1", cr.GradientDescent(1e3), "half_squared_error")
    run = train(program, epochs=1_000, callbacks=[cr.EarlyStopping(patience=1_000)])
    with pytest.raises(Diverged):
        run.fit()
    assert digest(run) == digest(train(program).fit(1))


def test_the_error_survives_a_pickle():
    error = Diverged(3, 14, "delta1")
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.epoch, twin.step, twin.name) == (str(error), 3, 14, "delta1")
    assert isinstance(twin, ArithmeticError)


def edited() -> Program:
    program = regression("3-1", cr.GradientDescent(cr.StepDecay(0.1, every=10_000)))
    return program.replace("delta1", "2 * (z1 - y) / N + 0 * exp(t)")


def test_an_edited_program_that_fails_names_the_edited_step():
    with pytest.raises(Diverged, match="in epoch 710, at step 710: delta1"):
        train(edited(), epochs=1_000).fit()
