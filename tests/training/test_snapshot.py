"""Going on from a snapshot: bit-identical to a training that was never interrupted, and nothing else is accepted."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load

import chainrule as cr
from chainrule.files import Checkpoint
from chainrule.files.tensors import check_header
from chainrule.training import Callback
from chainrule.training.snapshot import Snapshot, digest_of_weights, resume
from tests.training.runs import data, digest, regression, train


class Taking(Callback):
    """Takes a snapshot at the end of an epoch; be it the last callback."""

    def __init__(self, epoch: int) -> None:
        self.epoch, self.taken = epoch, list[Snapshot]()

    def on_epoch(self, run: cr.Training) -> None:
        if run.epoch == self.epoch:
            snapshot = Snapshot.of(run)
            assert snapshot is not None
            self.taken.append(stored(snapshot))


def stored(snapshot: Snapshot) -> Snapshot:
    """Through a file and back."""
    content = Checkpoint({}, snapshot.settings, snapshot.numbers, snapshot.arrays, {}).to_bytes()
    record = check_header(content, "test")[1]
    return Snapshot(record["settings"], record["numbers"], dict(load(content)))


def stopping(**options: Any) -> list[Callback]:
    return [cr.EarlyStopping(patience=3, **options)]


RUNS: dict[str, dict[str, Any]] = {
    "batches": {"batch_size": 4},
    "one batch": {},
    "dropout": {"program": regression(dropout=0.3), "batch_size": 5},
    "batch norm, momentum": {"program": regression(batch_norm=True, optimizer=cr.Momentum(0.01)), "batch_size": 7},
    "schedule": {"program": regression(optimizer=cr.Adam(cr.CosineDecay(0.1, steps=60))), "batch_size": 4},
    "early stopping": {"batch_size": 4, "validation": data(9, seed=1), "callbacks": stopping},
    "plateau": {"batch_size": 4, "callbacks": lambda: [cr.ReduceOnPlateau(patience=1, min_delta=1.0)]},
    "metrics, float32": {"batch_size": 4, "metrics": ["r2"], "dtype": "float32"},
    "weights of rows": {"batch_size": 4, "sample_weight": np.arange(1, 24)},
}


def made(name: str, *more: Callback) -> cr.Training:
    options = dict(RUNS[name])
    callbacks = options.pop("callbacks", list)()
    return train(options.pop("program", None), callbacks=[*callbacks, *more], **options)


@cache
def fitted(name: str) -> tuple[cr.Training, dict[int, Snapshot]]:
    """A training that was never interrupted, and its snapshots by epoch."""
    taking = [Taking(epoch) for epoch in (1, 4, 9, 10)]
    run = made(name, *taking).fit()
    return run, {one.epoch: one.taken[0] for one in taking if one.taken}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("epoch", [1, 4, 9, 10])
def test_it_goes_on_bit_identical(name, epoch):
    whole, taken = fitted(name)
    if epoch not in taken:
        pytest.skip("stopped before")
    again = made(name, *(Taking(epoch) for _ in range(4)))
    resume(again, taken[epoch])
    assert again.epoch == epoch
    again.fit(10 - again.epoch)
    assert digest(again) == digest(whole)
    assert digest_of_weights(again) == digest_of_weights(whole)
    assert again.history == whole.history
    assert again.losses.tobytes() == whole.losses.tobytes()
    assert again.stopped == whole.stopped


def test_a_training_that_was_stopped_stays_so():
    callbacks = [cr.EarlyStopping(patience=1, min_delta=1e9), Taking(2)]
    whole = train(callbacks=callbacks).fit()
    assert (whole.epoch, whole.stopped) == (2, True)
    again = train(callbacks=[cr.EarlyStopping(patience=1, min_delta=1e9), Taking(2)])
    resume(again, callbacks[1].taken[0])  # type: ignore[attr-defined]
    again.fit(8)
    assert (again.epoch, again.stopped) == (2, True)
    assert digest(again) == digest(whole)  # the best weights, taken back again


def test_between_two_epochs():
    options: dict[str, Any] = {"program": regression(dropout=0.2), "batch_size": 4}
    whole = train(options["program"], batch_size=4).fit()
    part = train(options["program"], batch_size=4)
    while part.t < 15:
        part.run_steps(4)
    assert part.t % 6
    snapshot = Snapshot.of(part)
    assert snapshot is not None
    assert snapshot.epoch == part.epoch == 2
    again = train(options["program"], batch_size=4)
    resume(again, stored(snapshot))
    again.fit(10 - again.epoch)
    assert digest(again) == digest(whole)
    assert again.history == whole.history


def test_steps_that_wait_to_be_made_again_are_not_stored():
    run = train(batch_size=4)
    run.sampler.give_back(*run.sampler.take(2))
    assert Snapshot.of(run) is None


def test_a_callback_is_called_after_so_many_epochs():
    class Seeing(Callback):
        every = 4

        def __init__(self) -> None:
            self.seen = list[int]()

        def on_epoch(self, run: cr.Training) -> None:
            self.seen.append(run.epoch)

    seeing = Seeing()
    train(callbacks=[seeing]).fit()
    assert seeing.seen == [4, 8, 10]
    seeing = Seeing()
    train(callbacks=[cr.EarlyStopping(patience=2, min_delta=1e9), seeing]).fit()
    assert seeing.seen == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1}, "the seed of the training has changed: it was 0, now it is 1"),
        ({"dtype": "float32"}, "the data of the training has changed"),
        ({"xy": data(23, seed=2)}, "the data of the training has changed"),
        ({"program": regression(optimizer="momentum")}, "the network or step of the training has changed"),
        ({"batch_size": 5}, "the number of steps per epoch of the training has changed: it was 6, now it is 5"),
        ({"shuffle": False}, "the shuffle of the training has changed"),
        ({"callbacks": [cr.EarlyStopping()]}, "the callbacks of the training has changed"),
        ({"engine": "reference"}, "the engine of the training has changed: it was numpy, now it is reference"),
    ],
)
def test_another_training_is_refused(options, message):
    snapshot = Snapshot.of(train(batch_size=4).fit(2))
    assert snapshot is not None
    with pytest.raises(ValueError, match=message):
        resume(train(**({"batch_size": 4} | options)), snapshot)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """Of a training, after two epochs."""
    run = train(batch_size=4, callbacks=[cr.EarlyStopping(), Taking(2)]).fit(2)
    found: Snapshot = run.callbacks[1].taken[0]  # type: ignore[attr-defined]
    return found


def broken(snapshot: Snapshot, part: str, name: str, value: Any) -> Snapshot:
    changed = dict(getattr(snapshot, part))
    changed.pop(name, None)
    if value is not None:
        changed[name] = value
    return replace(snapshot, **{part: changed})


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("numbers", "t", None),
        ("numbers", "t", -1),
        ("numbers", "t", True),
        ("numbers", "t", 2.0),
        ("numbers", "t", 14),
        ("numbers", "step", 6),
        ("numbers", "stopped", 1),
        ("numbers", "random_position", 625),
        ("numbers", "hyperparameters", {"learning_rate": 0.1}),
        ("numbers", "hyperparameters", [1]),
        ("numbers", "hyperparameters", {"learning_rate": "x", "rho1": 0.9, "rho2": 0.9, "epsilon": 1e-8}),
        ("numbers", "hyperparameters", {"learning_rate": float("inf"), "rho1": 0.9, "rho2": 0.9, "epsilon": 1e-8}),
        ("arrays", "parameter.W1", None),
        ("arrays", "parameter.W1", np.zeros((5, 3))),
        ("arrays", "parameter.W1", np.zeros((3, 5), "f4")),
        ("arrays", "parameter.W1", np.full((3, 5), np.nan)),
        ("arrays", "state.mW1", np.full((3, 5), np.inf)),
        ("arrays", "other", np.zeros(1)),
        ("arrays", "order", np.arange(23)),
        ("arrays", "losses", np.zeros(13)),
        ("arrays", "losses", np.zeros(12, "i8")),
        ("arrays", "history.loss", np.zeros(3)),
        ("arrays", "random_key", np.zeros(10, "u4")),
        ("arrays", "callback0.best", None),
        ("arrays", "callback0.best", np.zeros(3)),
        ("arrays", "callback0.best_epoch", np.array(0)),
        ("arrays", "callback0.best_epoch", np.array(10**9)),
        ("arrays", "callback0.kept_parameter.W1", None),
        ("arrays", "callback0.kept_parameter.W1", np.full((3, 5), np.nan)),
        ("arrays", "callback0.kept_parameter.W1", np.zeros(3)),
    ],
)
def test_what_cannot_be_of_this_training_is_refused_and_changes_nothing(part, name, value, snapshot):
    fresh = train(batch_size=4, callbacks=[cr.EarlyStopping(), Taking(2)])
    before = digest(fresh)
    with pytest.raises(ValueError, match="does not fit this training"):
        resume(fresh, broken(snapshot, part, name, value))
    assert digest(fresh) == before
    assert fresh.t == 0


def test_an_order_of_rows_that_does_not_exist_is_refused():
    part = train(batch_size=4)
    while part.t % 6 != 3:
        part.run_steps(1)
    snapshot = Snapshot.of(part)
    assert snapshot is not None
    with pytest.raises(ValueError, match="does not fit this training: its order"):
        resume(train(batch_size=4), broken(snapshot, "arrays", "order", np.full(23, 10**6)))
