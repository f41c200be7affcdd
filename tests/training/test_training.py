"""Fitting: epochs, batches, history, validation, determinism."""

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.numpy import NumPyEngine
from chainrule.training import Callback, Training
from chainrule.training.metrics import METRICS
from tests.training.runs import classifier, data, digest, labels, regression, train
from tests.zoo import ZOO, sample

# --- the steps -------------------------------------------------------------------------------------------------------


def test_a_fit_is_the_emitted_step_over_the_rows_of_each_batch():
    """By hand: the printed module, NumPy's stream of random numbers, and a loop."""
    program = regression(dropout=0.25)
    X, y = data()
    run = train(program, batch_size=5, seed=3, epochs=4, dtype="float32").fit()

    names: dict[str, object] = {}
    exec(program.source("numpy"), names)
    random = np.random.RandomState(3)
    parameters = []
    for variable in program.parameters.values():
        shape = tuple(map(int, variable.shape))
        fans = sum(shape)
        drawn = random.uniform(-math.sqrt(6 / fans), math.sqrt(6 / fans), shape) if variable.limit else np.zeros(shape)
        parameters.append(drawn.astype(np.float32))
    state = [np.zeros(array.shape, np.float32) for array in parameters for _ in "mv"]
    X, y, losses, t = X.astype(np.float32), y.astype(np.float32)[:, None], [], 0
    for _ in range(4):
        order = random.permutation(len(X))
        for start in range(0, len(X), 5):
            rows, t = order[start : start + 5], t + 1
            mask = (random.random_sample((len(rows), 5)) < 0.75).astype(np.float32)
            losses.append(names["step"](X[rows], y[rows], mask, parameters, state, t))  # type: ignore[operator]

    assert run.losses.tolist() == [float(loss) for loss in losses]
    assert run.t == t == 20
    assert run.epoch == 4
    for mine, theirs in zip(run.parameters.values(), parameters, strict=True):
        assert mine.tobytes() == theirs.tobytes()


def test_losses_are_those_before_each_update():
    run = train(epochs=3)
    before = [run.fit(1).losses[-1] for _ in range(3)]
    assert run.losses.tolist() == before
    assert run.losses[0] == cr.trace(run.program, *data(), parameters=None, seed=0)["data_loss"]


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_learns(name):
    """Every network trains in float32 in mini-batches: finite, nothing warned of, and the loss falls."""
    program = ZOO[name]()
    given = sample(program, rows=25).inputs
    weights = given["sample_weight"][:, 0] if "sample_weight" in given else None
    run = cr.Training(program, given["X"], given["y"], epochs=12, batch_size=8, engine="numpy", sample_weight=weights)
    run.fit()
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in run.parameters.values())
    assert np.mean(run.history["loss"][-3:]) < np.mean(run.history["loss"][:2])
    frozen = set(program.parameters) - set(program.trainable)
    fresh = cr.Training(program, given["X"], given["y"], engine="numpy", sample_weight=weights)
    for parameter, array in run.parameters.items():
        assert (array.tobytes() == fresh.parameters[parameter].tobytes()) == (parameter in frozen)


# --- determinism -----------------------------------------------------------------------------------------------------

KINDS: dict[str, dict[str, Any]] = {
    "whole": {},
    "batches": {"batch_size": 5},
    "unshuffled": {"batch_size": 5, "shuffle": False},
    "own": {"batches": [[0, 1], [5, 4, 3], [22]]},
    "dropout": {"program": regression(dropout=0.3), "batch_size": 7},
    "dropout, whole": {"program": regression(dropout=0.3)},
    "batch norm": {"program": regression(batch_norm=True), "batch_size": 11},
    "schedule": {"program": regression(optimizer=cr.Adam(cr.CosineDecay(0.1, 30))), "batch_size": 6},
}


class Watcher(Callback):
    pass


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits(kind):
    options = KINDS[kind]
    once = train(**options, seed=5).fit()
    assert digest(train(**options, seed=5).fit()) == digest(once)
    assert digest(train(**options, seed=6).fit()) != digest(once)


@pytest.mark.parametrize("kind", KINDS)
def test_in_however_many_fits_and_whoever_watches(kind):
    options = KINDS[kind]
    once = train(**options).fit(10)
    for other in (
        train(**options).fit(4).fit(6),
        train(**options, callbacks=[Watcher()]).fit(),
        train(**options, validation=data(8), metrics=["r2"]).fit(1).fit(9),
    ):
        assert digest(other) == digest(once)
        assert other.losses.tolist() == once.losses.tolist()
        assert other.history["loss"] == once.history["loss"]
        assert (other.epoch, other.t) == (once.epoch, once.t)


@pytest.mark.parametrize("pace", [1, 2, 3, 1_000])
def test_the_pace_changes_nothing(pace, monkeypatch):
    once = train(**KINDS["dropout"]).fit()
    monkeypatch.setattr("chainrule.training.training.PATIENCE", 0.0)  # one step in a go, whatever the pace
    slow = train(**KINDS["dropout"])
    slow.pace = pace
    assert digest(slow.fit()) == digest(once)
    assert slow.history == once.history


def test_a_run_nobody_watches_takes_few_calls(monkeypatch):
    """Tiny steps run in goes of about 0.1 s, whatever an epoch is; watched, an epoch is a go."""
    calls = []
    original = NumPyEngine.run

    def counted(self, inputs, batches, *rest):
        calls.append(len(batches))
        return original(self, inputs, batches, *rest)

    monkeypatch.setattr(NumPyEngine, "run", counted)
    train(epochs=2_000).fit()
    assert sum(calls) == 2_000
    assert len(calls) < 40
    calls.clear()
    train(epochs=20, callbacks=[Watcher()]).fit()
    assert calls == [1] * 20


def test_where_every_step_takes_all_rows_the_order_does_not_matter():
    assert digest(train(shuffle=True).fit()) == digest(train(shuffle=False).fit())
    assert digest(train(batch_size=23).fit()) == digest(train(batch_size=None).fit())


# --- own weights and batches -----------------------------------------------------------------------------------------


def test_own_parameters_replace_the_drawn_ones():
    W1 = np.full((3, 5), 0.25)
    run = train(parameters={"W1": W1, "b2": [1]})
    drawn = train()
    assert np.array_equal(run.parameters["W1"], W1)
    assert run.parameters["b2"].tolist() == [1.0]
    assert np.array_equal(run.parameters["W2"], drawn.parameters["W2"])
    run.fit()
    assert (W1 == 0.25).all()
    assert not np.array_equal(run.parameters["W1"], W1)


def test_own_batches_are_the_steps_of_an_epoch():
    batches = [[0, 1, 2], [9, 8], [3]]
    run = train(batches=batches, epochs=2).fit()
    assert run.t == 6
    X, y = data()
    assert run.losses[0] == cr.trace(run.program, X[:3], y[:3], seed=0)["data_loss"]
    expected = [(run.losses[i] * 3 + run.losses[i + 1] * 2 + run.losses[i + 2]) / 6 for i in (0, 3)]
    np.testing.assert_allclose(run.history["loss"], expected, rtol=1e-14)


# --- history, validation, metrics ------------------------------------------------------------------------------------


def test_the_history_is_weighted_by_rows():
    run = train(batch_size=10, epochs=2).fit()
    expected = [(10 * a + 10 * b + 3 * c) / 23 for a, b, c in run.losses.reshape(2, 3)]
    np.testing.assert_allclose(run.history["loss"], expected, rtol=1e-14)
    assert list(run.history) == ["loss", "learning_rate"]
    assert run.history["learning_rate"] == [0.001, 0.001]


def test_the_history_with_validation_and_metrics():
    def largest(y, output):
        return np.abs(y - output).max()

    X, y = data(9, seed=1)
    run = train(validation=(X, y), metrics=["r2", "mean_absolute_error", largest], batch_size=8).fit()
    assert list(run.history) == [
        "loss", "validation_loss", "validation_r2", "validation_mean_absolute_error", "validation_largest",
        "learning_rate",
    ]  # fmt: skip
    assert {len(values) for values in run.history.values()} == {10}
    output = run.predict(X)
    error = output[:, 0] - y
    last = {name: values[-1] for name, values in run.history.items()}
    assert last["validation_loss"] == pytest.approx((error**2).mean(), rel=1e-12)
    assert last["validation_r2"] == pytest.approx(1 - (error**2).sum() / ((y - y.mean()) ** 2).sum(), rel=1e-12)
    assert last["validation_largest"] == np.abs(error).max()
    scores = run.evaluate(X, y)
    assert list(scores) == ["loss", "r2", "mean_absolute_error", "largest"]
    assert scores["mean_absolute_error"] == last["validation_mean_absolute_error"]
    assert scores["mean_absolute_error"] == pytest.approx(np.abs(error).mean(), rel=1e-12)
    assert all(type(value) is float for values in run.history.values() for value in values)


def test_metrics_without_validation_are_of_the_data_itself():
    X, y = labels(30, 3)
    run = train(classifier(3), (X, y), metrics=["accuracy"], epochs=60).fit()
    assert list(run.history) == ["loss", "accuracy", "learning_rate"]
    assert run.history["accuracy"][-1] == (run.predict(X).argmax(axis=1) == y).mean() > 0.9
    X, y = labels(30, 2)
    binary = train(classifier(1), (X, y), metrics=["accuracy"], epochs=60).fit()
    assert binary.history["accuracy"][-1] == ((binary.predict(X)[:, 0] > 0.5) == y).mean() > 0.9


def test_a_metric_that_has_no_value_is_nan_and_warns_of_nothing():
    run = train(xy=(data()[0], np.ones(23)), metrics=["r2"], epochs=1).fit()
    assert math.isnan(run.history["r2"][0])


def test_validation_is_in_prediction_mode_and_without_penalty():
    """Dropout is the identity, batch norm takes the running statistics, the penalty is no part of it."""
    program = regression(batch_norm=True, dropout=0.5, penalty=cr.L2(0.5))
    X, y = data(1, seed=2)
    run = train(program, validation=(X, y), batch_size=8, epochs=5).fit()
    by_hand = X
    p, s = run.parameters, run.state
    n = (by_hand @ p["W1"] - s["running_mean1"]) / np.sqrt(s["running_variance1"] + 1e-5)
    output = np.tanh(p["gamma1"] * n + p["beta1"]) @ p["W2"] + p["b2"]
    assert run.history["validation_loss"][-1] == pytest.approx(((output[:, 0] - y) ** 2).mean(), rel=1e-12)
    np.testing.assert_allclose(run.predict(X), output, rtol=1e-12)
    fresh = cr.trace(program, *data(), seed=0)
    assert fresh["loss"] > fresh["data_loss"]


def test_watching_changes_no_weight_of_batch_norm_or_dropout():
    program = regression(batch_norm=True, dropout=0.5)
    assert digest(train(program, batch_size=8, validation=data(3)).fit()) == digest(train(program, batch_size=8).fit())


def test_the_rate_of_a_schedule_is_its_base_in_the_history():
    run = train(regression(optimizer=cr.GradientDescent(cr.StepDecay(0.25, 2, 0.5))), epochs=4).fit()
    assert run.history["rate"] == [0.25] * 4
    rates = [float(cr.trace(run.program, *data(), t=t)["learning_rate"]) for t in (1, 2, 3, 4, 5)]
    assert rates == [0.25, 0.25, 0.125, 0.125, 0.0625]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (cr.ConstantRate(0.1, warm_up=4), [0.025, 0.05, 0.075, 0.1, 0.1, 0.1]),
        (cr.StepDecay(0.1, 2, 0.1), [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]),
        (cr.ExponentialDecay(0.1, 0.5), [0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125]),
        (cr.CosineDecay(0.1, 4), [0.05 * (1 + math.cos(math.pi * min(i, 4) / 4)) for i in range(6)]),
    ],
)
def test_schedules_count_steps_over_all_epochs(schedule, expected):
    """Seen from outside: with a gradient of 1 the bias moves by the rate."""
    program = cr.derive(cr.Network(1, [cr.Dense(1)]), "p - y + 0 * p * y", cr.GradientDescent(schedule))
    run = train(program, (np.zeros((4, 1)), np.zeros(4)), batch_size=2)
    moved, before = [], 0.0
    for _ in range(3):
        run.fit(1)
        after = float(run.parameters["b1"][0])
        moved.append(before - after)
        before = after
    np.testing.assert_allclose(moved, np.reshape(expected, (3, 2)).sum(axis=1), rtol=1e-12, atol=1e-18)


def test_a_changed_hyperparameter_holds_from_the_next_step_on():
    run = train(regression(optimizer=cr.GradientDescent(0.1)), epochs=3).fit()
    run.hyperparameters["learning_rate"] = 0.0
    before = digest(run)
    run.fit(2)
    assert digest(run) == before
    assert run.history["learning_rate"] == [0.1] * 3 + [0.0] * 2


# --- dtype, predict, looks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_never_changes(dtype):
    X, y = data()
    run = train(regression(dropout=0.2, batch_norm=True), (X.astype(np.float32), y), dtype=dtype, batch_size=4).fit()
    arrays = [run.X, run.y, run.predict(X), *run.parameters.values(), *run.state.values()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert run.losses.dtype == np.float64


def test_float32_is_the_default_and_own_weights_become_it():
    X, y = data()
    run = Training(regression(), X, y, engine="numpy", parameters={"W1": np.ones((3, 5))})
    assert run.parameters["W1"].dtype == np.float32
    single = np.ascontiguousarray(X, np.float32)
    assert np.shares_memory(Training(regression(), single, y, engine="numpy").X, single)


def test_data_of_other_kinds():
    X, y = data()
    expected = digest(train(epochs=2).fit())
    for xy in ((X.tolist(), y.tolist()), (np.asfortranarray(X), y.reshape(-1, 1)), (X[::1], tuple(y))):
        assert digest(train(xy=xy, epochs=2).fit()) == expected
    X, y = labels(23, 3)
    one_hot = np.eye(3)[y]
    assert digest(train(classifier(3), (X, y)).fit()) == digest(train(classifier(3), (X, one_hot)).fit())


def test_nothing_to_do():
    run = train(epochs=0).fit()
    assert run.losses.tolist() == []
    assert run.history == {"loss": [], "learning_rate": []}
    assert "not yet trained" in repr(run)


def test_looks():
    run = train(metrics=["r2"]).fit()
    assert repr(run).startswith(f"<Training of {run.program.title}: epoch 10, loss ")
    assert "<th>r2</th>" in run._repr_html_()
    assert run.seconds > 0


# --- pickles and copies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_training_goes_on_as_the_original(kind):
    options = KINDS[kind] | {"callbacks": [cr.EarlyStopping(patience=50)], "metrics": ["r2"]}
    run = train(**options).fit(3)
    for twin in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run)):
        assert digest(twin) == digest(run)
        assert twin.history == run.history
        twin.fit(4)
        assert digest(twin) == digest(train(**options).fit(3).fit(4))
    assert run.epoch == 3


# --- scripts ---------------------------------------------------------------------------------------------------------


def test_a_script_repeats_the_run():
    program = regression(dropout=0.2, penalty=cr.L2(0.01))
    run = train(program, batch_size=7, epochs=3, sample_weight=np.linspace(0, 2, 23), dtype="float32")
    run.hyperparameters["learning_rate"] = 0.02
    run.fit().fit(2)
    names: dict[str, object] = {"__name__": "__main__"}
    exec(run.source(form="script"), names)
    for name, array in run.parameters.items():
        assert np.array_equal(np.asarray(names[name]), array), name
    assert names["epoch"] == 4


def test_a_script_reads_more_data_from_the_csv_that_the_run_saves(tmp_path, monkeypatch):
    X, y = labels(700, 3)
    run = train(classifier(3), (X, y), batch_size=64, epochs=2, class_weight="balanced").fit()
    run.save_data(tmp_path / "data.csv")
    lines = (tmp_path / "data.csv").read_text().splitlines()
    assert lines[0] == "x1,x2,x3,y1,y2,y3,weight"
    assert len(lines) == 701
    monkeypatch.setattr("sys.argv", ["script.py", str(tmp_path / "data.csv")])
    names: dict[str, object] = {"__name__": "__main__"}
    exec(run.source(form="script"), names)
    for name, array in run.parameters.items():
        assert np.array_equal(np.asarray(names[name]), array), name


def test_the_source_is_the_program():
    run = train()
    assert run.source() == run.program.source("numpy")
    with pytest.raises(ValueError, match="a script cannot repeat own batches; train with batch_size instead"):
        train(batches=[[0, 1]]).source(form="script")


def test_one_callback_needs_no_list():
    seen = []

    class Count(Callback):
        def on_epoch(self, run):
            seen.append(run.epoch)

    run = train(epochs=3, callbacks=Count()).fit()
    assert seen == [1, 2, 3]
    assert isinstance(run.callbacks, tuple)


def test_metrics_by_hand():
    y, output = np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [3.0], [2.0]])
    scores = {name: metric(y, output) for name, metric in METRICS.items()}
    assert scores["mean_squared_error"] == 5 / 3
    assert scores["mean_absolute_error"] == 1
    assert scores["r2"] == pytest.approx(1 - 5 / (16 / 9 + 1 / 9 + 25 / 9))
    assert scores["accuracy"] == 1
    guessed = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0, 0, 1]])
    assert METRICS["accuracy"](np.eye(3), guessed) == 2 / 3


def test_weights_given_in_the_declaration_are_where_it_starts():
    W = [[0.5], [-1.0], [2.0]]
    program = cr.derive(cr.Network(3, [cr.Dense(1, initial=W)]), "mean_squared_error")
    assert train(program).parameters["W1"].tolist() == W
    assert train(program, dtype="float32").parameters["W1"].dtype == np.float32
