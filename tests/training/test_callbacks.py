"""Callbacks: early stopping, reducing the rate, and one's own."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.training import Callback, EarlyStopping, ReduceOnPlateau, Training
from tests.training.runs import data, digest, labels, regression, train


class Numbers(Callback):
    """Puts given numbers in the place of a history's."""

    def __init__(self, name: str, *values: float) -> None:
        self.name, self.values = name, values

    def on_epoch(self, run):
        run.history[self.name][-1] = self.values[min(run.epoch, len(self.values)) - 1]


def epochs_until(stopping: EarlyStopping, *values: float, name: str = "loss", **options) -> Training:
    return train(epochs=len(values), callbacks=[Numbers(name, *values), stopping], **options).fit()


# --- early stopping --------------------------------------------------------------------------------------------------


def test_early_stopping_waits_as_long_as_it_is_patient_and_takes_back_the_best():
    stopping = EarlyStopping(patience=3)
    run = epochs_until(stopping, 5, 4, 3, 3.5, 3, 3.1, 2, 1)
    assert run.epoch == 6
    assert stopping.best_epoch == 3
    assert digest(run) == digest(train().fit(3))
    assert len(run.history["loss"]) == 6


def test_better_is_better_by_min_delta():
    stopping = EarlyStopping(patience=2, min_delta=0.5)
    assert epochs_until(stopping, 5, 4.6, 4.4, 4.1, 3.95, 3.8).epoch == 5
    assert stopping.best_epoch == 3


def test_the_best_is_taken_back_also_where_the_epochs_are_over():
    stopping = EarlyStopping(patience=9)
    run = epochs_until(stopping, 5, 1, 2, 3)
    assert run.epoch == 4
    assert digest(run) == digest(train().fit(2))


def test_it_watches_the_validation_loss_where_there_is_one():
    stopping = EarlyStopping(patience=1)
    assert epochs_until(stopping, 3, 2, 4, 1, name="validation_loss", validation=data(5)).epoch == 3
    assert stopping.watched == "validation_loss"


@pytest.mark.parametrize(("name", "values"), [("r2", (0.1, 0.3, 0.2)), ("mean_absolute_error", (3, 1, 2))])
def test_metrics_of_the_book_know_what_is_best(name, values):
    stopping = EarlyStopping(name)
    epochs_until(stopping, *values, name=name, metrics=[name])
    assert stopping.best_epoch == 2


def test_of_a_metric_of_ones_own_one_has_to_say_what_is_best():
    def spread(y, output):
        return output.std()

    with pytest.raises(ValueError, match="EarlyStopping: say whether 'spread' is best where it is largest, grows="):
        train(metrics=[spread], callbacks=[EarlyStopping("spread")]).fit()
    for grows, best in ((True, 3), (False, 2)):
        stopping = EarlyStopping("validation_spread", grows=grows)
        numbers = Numbers("validation_spread", 2, 1, 3)
        train(metrics=[spread], validation=data(4), callbacks=[numbers, stopping], epochs=3).fit()
        assert stopping.best_epoch == best


def test_a_number_that_is_nan_is_no_improvement():
    stopping = EarlyStopping(patience=2)
    assert epochs_until(stopping, float("nan"), float("nan"), 1, 1).epoch == 2
    stopping = EarlyStopping(patience=2)
    assert epochs_until(stopping, 3, float("nan"), 1, 2, 2, 0).epoch == 5
    assert stopping.best_epoch == 3


def test_another_fit_goes_on_from_the_best_and_waits_anew():
    stopping = EarlyStopping(patience=2)
    run = epochs_until(stopping, 3, 1, 2, 2, 9)
    assert (run.epoch, stopping.best_epoch) == (4, 2)
    before = digest(run)
    run.callbacks = (stopping,)
    run.fit(6)
    assert run.epoch == 10
    assert len(run.history["loss"]) == 10
    assert stopping.best_epoch > 4
    assert digest(run) != before


def test_with_batch_norm_and_slots_everything_is_taken_back():
    program = regression(batch_norm=True)
    run = train(program, epochs=4, batch_size=6, callbacks=[Numbers("loss", 3, 1, 2, 2), EarlyStopping()]).fit()
    assert digest(run) == digest(train(program, batch_size=6).fit(2))


def test_on_real_data_it_stops_before_it_overfits():
    X, y = labels(40, seed=3)
    noisy = np.where(np.random.RandomState(1).random_sample(40) < 0.3, 1 - y, y)
    program = cr.derive(cr.Network.parse("3-40-1", "tanh", "sigmoid"), "binary_cross_entropy", cr.Adam(0.05))
    stopping = EarlyStopping(patience=20)
    valid = labels(40, seed=4)
    run = train(program, (X, noisy), epochs=500, validation=valid, callbacks=[stopping]).fit()
    assert run.epoch == stopping.best_epoch + 20 < 500
    assert run.evaluate(*valid)["loss"] == min(run.history["validation_loss"])


# --- the rate on a plateau -------------------------------------------------------------------------------------------


def rates(*values: float, program=None, **options) -> list[float]:
    reducing = ReduceOnPlateau(**options)
    run = train(program or regression(optimizer=cr.GradientDescent(0.08)), epochs=len(values))
    run.callbacks = (Numbers("loss", *values), reducing)
    run.fit()
    return run.history[run.rate_name]


def test_the_rate_is_reduced_on_a_plateau():
    assert rates(5, 5, 5, 4, 4, 4, 4, 4, patience=2) == [0.08, 0.08, 0.08, 0.04, 0.04, 0.04, 0.02, 0.02]
    assert rates(5, 4, 3, 2, patience=1) == [0.08] * 4


def test_the_rate_is_not_reduced_below_its_minimum_nor_raised_to_it():
    assert rates(1, 1, 1, 1, patience=1, factor=0.1, minimum=0.004) == pytest.approx([0.08, 0.08, 0.008, 0.004])
    assert rates(1, 1, 1, 1, patience=1, minimum=0.5) == [0.08] * 4


def test_of_a_schedule_the_base_is_reduced():
    program = regression(optimizer=cr.Momentum(cr.ExponentialDecay(0.08)))
    assert rates(1, 1, 1, program=program, patience=1) == [0.08, 0.08, 0.04]


# --- one's own -------------------------------------------------------------------------------------------------------


class Diary(Callback):
    def __init__(self, stop_after: int | None = None) -> None:
        self.entries: list[str] = []
        self.stop_after = stop_after

    def on_start(self, run):
        self.entries.append(f"start {run.epoch}")

    def on_epoch(self, run):
        self.entries.append(f"{run.epoch}: {len(run.losses)} {len(run.history['loss'])}")
        return run.epoch == self.stop_after

    def on_end(self, run):
        self.entries.append(f"end {run.epoch}")


def test_callbacks_see_every_epoch_and_may_stop():
    diary, other = Diary(stop_after=2), Diary()
    train(callbacks=[diary, other], batch_size=12).fit()
    assert diary.entries == other.entries == ["start 0", "1: 2 1", "2: 4 2", "end 2"]


def test_callbacks_are_told_of_the_end_also_when_one_fails():
    class Failing(Callback):
        def on_epoch(self, run):
            raise RuntimeError("no")

    diary = Diary()
    run = train(callbacks=[diary, Failing()])
    with pytest.raises(RuntimeError, match="no"):
        run.fit()
    assert diary.entries == ["start 0", "1: 1 1", "end 1"]
    assert run.epoch == 1


def test_a_callback_may_change_the_rate():
    class Halve(Callback):
        def on_epoch(self, run):
            run.hyperparameters["learning_rate"] /= 2

    run = train(regression(optimizer=cr.GradientDescent(0.08)), callbacks=[Halve()], epochs=3).fit()
    assert run.history["learning_rate"] == [0.08, 0.04, 0.02]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(patience=0), "EarlyStopping: patience must be a whole number of at least 1, not 0"),
        (lambda: EarlyStopping(patience=1.5), "EarlyStopping: patience must be a whole number"),  # type: ignore[arg-type]
        (lambda: EarlyStopping(min_delta=-1), "EarlyStopping: min_delta must be a number of at least 0, not -1"),
        (lambda: ReduceOnPlateau(factor=1), "ReduceOnPlateau: factor must be between 0 and 1, not 1"),
        (lambda: ReduceOnPlateau(minimum=-1), "ReduceOnPlateau: minimum must be a rate of at least 0, not -1"),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_not_there_cannot_be_monitored():
    run = train(callbacks=[EarlyStopping("validation_loss")])
    with pytest.raises(ValueError, match="nothing called 'validation_loss' to monitor; there is loss, learning_rate"):
        run.fit()
    assert run.t == 0
