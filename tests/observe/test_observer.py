"""Observer: looks between steps, by whichever engine trains, and changes nothing of the training."""

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import make_engine

NETWORKS = {
    "plain": (cr.Network.parse("3-4-1", "sigmoid", "sigmoid"), "half_squared_error", cr.GradientDescent(0.1)),
    "masked": (
        cr.Network(3, [cr.Dense(8, "relu", batch_norm=True), cr.Dropout(0.2), cr.Dense(2, "softmax")]),
        "softmax_cross_entropy", cr.Adam(0.01),
    ),
    "wide": (cr.Network.parse("3-24-1", "tanh"), "mean_squared_error", cr.Momentum(0.01)),
}  # fmt: skip


def training(name, callbacks=(), engine="numpy", **more):
    net, loss, optimizer = NETWORKS[name]
    X = np.random.RandomState(0).standard_normal((40, 3))
    y = (X[:, 0] > 0).astype(int if net.outputs > 1 else float)
    given: dict[str, Any] = {"epochs": 7, "batch_size": 6, "seed": 1, "dtype": "float64", "progress": False} | more
    return cr.Training(cr.derive(net, loss, optimizer), X, y, engine=engine, callbacks=callbacks, **given)


@pytest.fixture
def compiling_is_allowed(monkeypatch, quick_compiler):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)


@pytest.mark.parametrize("engine", ["numpy", "c"])
@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_seen_is_what_the_trace_says_and_the_training_stays_the_same(compiling_is_allowed, name, engine):
    observer = cr.Observer(every=3, rows=9)
    run, plain = training(name, [observer], engine).fit(), training(name, (), engine).fit()
    for parameter, array in run.parameters.items():
        np.testing.assert_array_equal(array, plain.parameters[parameter])
    assert observer.epochs == [0, 3, 6, 7]
    rows = np.unique(np.linspace(0, 39, 9).astype(int))
    for look, epoch in enumerate(observer.epochs):
        now = training(name, (), "numpy").fit(epoch)
        seen = cr.trace(
            cr.observed(run.program), run.X[rows], run.y[rows], now.parameters, state=now.state, t=now.t + 1
        )  # fmt: skip
        for observation, values in observer.values.items():
            np.testing.assert_allclose(values[look], seen[observation], rtol=1e-9, atol=1e-12)
    assert {"update_ratio1", "update_ratio2"} <= set(observer.values)


def test_beside_callbacks_that_come_back_and_in_several_fits_it_sees_the_same(compiling_is_allowed):
    class Every(cr.Callback):
        pass

    alone, beside, second = cr.Observer(every=2), cr.Observer(every=2), cr.Observer(every=2)
    training("wide", [alone], "c").fit()
    training("wide", [beside, Every(), second], "c").fit(3).fit(4)
    assert set(alone.epochs) <= set(beside.epochs) == {0, 2, 3, 4, 6, 7}
    assert second.epochs == beside.epochs
    for name, values in alone.values.items():
        chosen = [beside.epochs.index(epoch) for epoch in alone.epochs]
        np.testing.assert_array_equal(values, beside.values[name][chosen])
        np.testing.assert_allclose(second.values[name], beside.values[name], rtol=1e-12)


def test_where_it_diverges_the_looks_before_are_kept(compiling_is_allowed):
    observer = cr.Observer()
    net = cr.derive(cr.Network.parse("1-4-1", "linear"), "mean_squared_error", cr.GradientDescent(0.4))
    X = np.linspace(-3, 3, 24)[:, None]
    run = cr.Training(net, X, X[:, 0], epochs=400, batch_size=8, engine="c", callbacks=[observer], progress=False)
    with pytest.raises(cr.Diverged):
        run.fit()
    assert observer.epochs == list(range(run.epoch + 1))
    assert all(len(values) == len(observer.epochs) for values in observer.values.values())


def test_groups_and_single_observations_can_be_asked_for():
    observer = cr.Observer(observations=("gradient_norm", "output"))
    training("plain", [observer], epochs=2).fit()
    assert {"gradient_norm1", "gradient_norm2", "absolute_error"} <= set(observer.values)
    assert observer.values["target_mean"].shape == (3, 1)
    with pytest.raises(ValueError, match="unknown observations 'gradient_size'; known: slopes"):
        cr.Observer(observations=("gradient_size",))
    nothing = cr.Observer(observations=("dead_share",))  # a sigmoid cannot die
    training("plain", [nothing], epochs=2).fit()
    assert nothing.epochs == []
    assert nothing.values == {}


def test_where_nothing_may_be_compiled_numpy_looks(compiling_is_allowed, tmp_path, monkeypatch):
    net, loss, optimizer = NETWORKS["plain"]
    cr.build(cr.derive(net, loss, optimizer), tmp_path / "model.so", dtype="float64")
    monkeypatch.setenv("CHAINRULE_ENGINE", "numpy")
    observer, other = cr.Observer(), cr.Observer()
    training("plain", [observer], "c", library=tmp_path / "model.so").fit()
    training("plain", [other]).fit()
    assert observer.epochs == other.epochs
    np.testing.assert_allclose(observer.values["update_ratio1"], other.values["update_ratio1"], rtol=1e-9)


def test_an_engine_that_only_looks_survives_a_pickle(compiling_is_allowed):
    import pickle

    run = training("plain")
    for engine in (run.engine, make_engine(run.program, "c", "float64")):
        looker = engine.beside(cr.observed(run.program).full)
        again = pickle.loads(pickle.dumps(looker))
        values = again.look(["update_ratio1"], run.inputs, run.parameters, run.state, 1, run.hyperparameters)
        assert values["update_ratio1"] > 0
