"""The NumPy engine runs the very source that is printed."""

import bdb
import copy
import inspect
import linecache
import pickle
import traceback

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import make_engine
from chainrule.engines.engine import Batches, Engine
from chainrule.program.steps import Program
from tests.zoo import ZOO, Sample, sample


def run(engine: Engine, given: Sample, steps: int = 1) -> np.ndarray:
    inputs = {name: array for name, array in given.inputs.items() if name in ("X", "y", "sample_weight")}
    masks = {name: np.tile(array, (steps, 1)) for name, array in given.inputs.items() if name not in inputs}
    batches = Batches.whole(given.rows, steps)
    return engine.run(inputs, batches, masks, given.parameters, given.state, given.t, given.hyperparameters)


def founding() -> Program:
    return ZOO["founding_3_4_1"]()


def test_the_source_that_runs_is_the_source_that_is_printed():
    program = founding()
    engine = make_engine(program, "numpy")
    assert engine.source() == program.source("numpy", functions=("step", "predict", "evaluate"))
    assert program.source("numpy", form="step").splitlines()[1] in inspect.getsource(engine.module["step"])  # type: ignore[attr-defined]


def test_a_traceback_shows_the_line_that_failed():
    engine, given = make_engine(founding(), "numpy", "float64"), sample(founding())
    given.parameters["W2"] = np.zeros((5, 1))
    with pytest.raises(ValueError, match="matmul") as caught:
        run(engine, given)
    linecache.checkcache()
    shown = "".join(traceback.format_exception(caught.value))
    assert "a2 = sigmoid(a1 @ W2)" in shown
    assert '"<chainrule 3-4-1 sigmoid; half squared error; gradient descent, numpy, ' in shown


class Stepper(bdb.Bdb):
    """Steps through everything and takes down the emitted lines it stops at."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.seen: dict[str, object] = {}

    def user_line(self, frame):
        name = frame.f_code.co_filename
        if name.startswith("<chainrule"):
            self.lines.append(linecache.getline(name, frame.f_lineno).strip())
            self.seen |= frame.f_locals
        self.set_step()


def test_a_debugger_stops_in_the_emitted_lines():
    engine, given = make_engine(founding(), "numpy", "float64"), sample(founding())
    debugger = Stepper()
    debugger.runcall(run, engine, given)
    assert "delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))" in debugger.lines
    assert "W1 -= learning_rate * (X.T @ delta1)" in debugger.lines
    assert {"a1", "a2", "delta1", "delta2", "data_loss"} <= set(debugger.seen)


def test_a_breakpoint_in_an_emitted_line_is_hit():
    engine, given = make_engine(founding(), "numpy", "float64"), sample(founding())
    file = engine.module["step"].__code__.co_filename  # type: ignore[attr-defined]
    lines = linecache.getlines(file)
    number = next(i for i, line in enumerate(lines, 1) if line.strip().startswith("delta1 ="))

    class Breaker(bdb.Bdb):
        hits = 0

        def user_line(self, frame):
            if self.break_here(frame):
                assert frame.f_lineno == number
                self.hits += 1
            self.set_continue()

    debugger = Breaker()
    assert debugger.set_break(file, number) is None
    debugger.runcall(run, engine, given, 3)
    assert debugger.hits == 3


@pytest.mark.parametrize("name", ZOO)
def test_several_steps_agree_with_the_reference(name):
    """Losses, parameters and state after five steps, condensed and in full; one run of five is five runs of one."""
    program, steps = ZOO[name](), 5
    expected = sample(program)
    losses = run(make_engine(program, "reference", "float64"), expected, steps)
    for tried in (program, program.full):
        engine, given, single = make_engine(tried, "numpy", "float64"), sample(program), sample(program)
        np.testing.assert_allclose(run(engine, given, steps), losses, rtol=1e-10)
        for mine, theirs in ((given.parameters, expected.parameters), (given.state, expected.state)):
            for key, array in mine.items():
                np.testing.assert_allclose(array, theirs[key], rtol=0, atol=1e-10 * max(1, abs(theirs[key]).max()))
        for i in range(steps):
            one = Sample(single.inputs, single.parameters, single.state, single.hyperparameters, single.t + i)
            run(engine, one)
        for key, array in single.parameters.items():
            assert array.tobytes() == given.parameters[key].tobytes()


@pytest.mark.parametrize("name", ZOO)
def test_prediction_agrees_with_the_reference_and_in_blocks(name, monkeypatch):
    program = ZOO[name]()
    given = sample(program, rows=7)
    X, y = given.inputs["X"], given.inputs["y"]
    reference = make_engine(program, "reference", "float64")
    output, loss = reference.evaluate(X, y, given.parameters, given.state)
    engine = make_engine(program, "numpy", "float64")
    monkeypatch.setattr("chainrule.engines.engine.BLOCK_ROWS", 3)
    blocks, blocked = engine.evaluate(X, y, given.parameters, given.state)
    np.testing.assert_allclose(blocks, output, rtol=1e-10, atol=1e-12)
    assert blocked == pytest.approx(loss, rel=1e-10)
    np.testing.assert_allclose(engine.predict(X, given.parameters, given.state), output, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ZOO)
def test_no_step_changes_the_dtype(name, dtype):
    """Every array keeps the dtype, and a number by itself is a Python float, which has none of its own."""
    program = ZOO[name]()
    for tried in (program, program.full):
        given = sample(tried)
        engine = make_engine(tried, "numpy", dtype)
        inputs, parameters, state = (
            {key: array.astype(dtype) for key, array in group.items()}
            for group in (given.inputs, given.parameters, given.state)
        )
        engine.trace(inputs, parameters, state, 3, given.hyperparameters)
        arguments = [*inputs.values(), list(parameters.values()), *([list(state.values())] if state else [])]
        arguments += [3] if tried.counts_steps else []
        with np.errstate(all="ignore"):
            values = engine.tracer["trace"](*arguments, **given.hyperparameters)  # type: ignore[attr-defined]
        wrong = {k: getattr(v, "dtype", type(v)) for k, v in values.items() if not keeps_dtype(v, dtype)}
        assert not wrong
        assert engine.predict(inputs["X"], parameters, state).dtype == dtype


def keeps_dtype(value: object, dtype: str) -> bool:
    return type(value) in (float, int) or getattr(value, "dtype", None) in (dtype, bool)


def test_a_saturated_sigmoid_raises_no_warning():
    """Overflow in exp, and nothing is wrong: warnings are errors here."""
    program = founding()
    for dtype in ("float32", "float64"):
        engine, given = make_engine(program, "numpy", dtype), sample(program)
        for group in (given.inputs, given.parameters):
            for key, array in group.items():
                group[key] = (array * 1e4).astype(dtype)
        given.inputs["y"] = np.zeros_like(given.inputs["y"])
        assert np.isfinite(run(engine, given, 3)).all()
        output, loss = engine.evaluate(given.inputs["X"], given.inputs["y"], given.parameters, given.state)
        assert np.isfinite(loss)
        assert set(np.unique(output.round(3))) <= {0.0, 0.5, 1.0}
        engine.trace(given.inputs, given.parameters, given.state, 1, given.hyperparameters)


def test_rows_of_each_step_are_those_of_the_batches():
    program = founding()
    engine, given, by_hand = make_engine(program, "numpy", "float64"), sample(program), sample(program)
    batches = Batches(np.array([0, 2, 3, 6]), np.array([5, 0, 1, 2, 4, 3]))
    arguments = (given.parameters, given.state, 1, given.hyperparameters)
    losses = engine.run(given.inputs, batches.part(1, 3), {}, *arguments)
    for expected, rows in zip(losses, ([1], [2, 4, 3]), strict=True):
        one = {name: array[rows] for name, array in by_hand.inputs.items()}
        whole = Batches.whole(len(rows), 1)
        loss = engine.run(one, whole, {}, by_hand.parameters, by_hand.state, 1, by_hand.hyperparameters)
        assert loss[0] == expected
    for name, array in given.parameters.items():
        assert array.tobytes() == by_hand.parameters[name].tobytes()
    assert (len(batches), batches.largest) == (3, 3)


def test_engines_are_pickled_and_copied():
    program = ZOO["deep_batch_norm"]()
    engine = make_engine(program, "numpy", "float64")
    for twin in (pickle.loads(pickle.dumps(engine)), copy.deepcopy(engine)):
        assert twin.source() == engine.source()
        assert twin.dtype == engine.dtype
        mine, theirs = sample(program), sample(program)
        assert run(engine, mine, 2).tobytes() == run(twin, theirs, 2).tobytes()


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"unknown engine 'fortran'; known: auto, .*numpy"):
        make_engine(founding(), "fortran")
    with pytest.raises(ValueError, match="unknown dtype 'float16'; known: float32, float64"):
        make_engine(founding(), "numpy", "float16")
    with pytest.raises(NotImplementedError, match="the reference engine runs no source"):
        make_engine(founding(), "reference").source()


def test_own_names_and_titles_are_harmless():
    """A formula's name, which may come from a file, shows in the title and nowhere in the code."""
    hostile = cr.formula('x"""; import os #', "tanh(z)")
    program = cr.derive(cr.Network(2, [cr.Dense(1, hostile)]), "mean_squared_error")
    engine, given = make_engine(program, "numpy", "float64"), sample(program)
    assert np.isfinite(run(engine, given)).all()
    assert not any("import os" in line and not line.startswith('"""') for line in engine.source().splitlines())
