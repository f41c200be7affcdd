"""Ctrl-C: ends cleanly between two steps, keeps what was learned, and the next fit goes on."""

import json
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from chainrule.engines.numpy import NumPyEngine
from chainrule.training import Callback, EarlyStopping
from tests.training.runs import digest, train


def press_at(monkeypatch, *steps: int) -> None:
    """SIGINT during the goes of the engine in which these steps are made, one step a go."""
    original = NumPyEngine.run

    def run(self, inputs, batches, masks, parameters, state, t, hyperparameters):
        losses = original(self, inputs, batches, masks, parameters, state, t, hyperparameters)
        if t in steps:
            signal.raise_signal(signal.SIGINT)
        return losses

    monkeypatch.setattr(NumPyEngine, "run", run)
    monkeypatch.setattr("chainrule.training.training.PATIENCE", 0.0)
    monkeypatch.setattr("chainrule.training.training.FIRST_STEPS", 1)


def test_inside_an_epoch(monkeypatch):
    """23 rows in batches of 5 are 5 steps an epoch; Ctrl-C in step 12, the second of epoch 3."""
    before = signal.getsignal(signal.SIGINT)
    whole = train(batch_size=5).fit()
    press_at(monkeypatch, 12)
    run = train(batch_size=5).fit()
    assert run.interrupted
    assert (run.t, run.epoch, len(run.losses)) == (12, 2, 12)
    assert {name: len(values) for name, values in run.history.items()} == {"loss": 2, "learning_rate": 2}
    assert run.losses.tolist() == whole.losses[:12].tolist()
    assert signal.getsignal(signal.SIGINT) is before

    run.fit(10 - run.epoch)
    assert not run.interrupted
    assert (run.t, run.epoch) == (50, 10)
    assert digest(run) == digest(whole)
    assert run.losses.tolist() == whole.losses.tolist()
    assert run.history == whole.history


def test_at_the_end_of_an_epoch_and_in_a_callback(monkeypatch):
    class Press(Callback):
        ended = 0

        def on_epoch(self, run):
            if run.epoch == 3:
                signal.raise_signal(signal.SIGINT)

        def on_end(self, run):
            self.ended += 1

    press = Press()
    run = train(batch_size=5, callbacks=[press], metrics=["r2"]).fit()
    assert run.interrupted
    assert (run.epoch, run.t, press.ended) == (3, 15, 1)
    assert {len(values) for values in run.history.values()} == {3}
    assert digest(run.fit(7)) == digest(train(batch_size=5).fit())


def test_early_stopping_takes_back_the_best_of_the_finished_epochs(monkeypatch):
    press_at(monkeypatch, 12)
    stopping = EarlyStopping()
    run = train(batch_size=5, callbacks=[stopping]).fit()
    assert run.interrupted
    assert stopping.best_epoch == int(np.argmin(run.history["loss"])) + 1 <= 2
    monkeypatch.undo()
    assert digest(run) == digest(train(batch_size=5).fit(stopping.best_epoch))


def test_a_second_one_is_a_keyboard_interrupt_and_keeps_whole_steps(monkeypatch):
    press_at(monkeypatch, 12)
    original = NumPyEngine.run

    def twice(self, inputs, batches, masks, parameters, state, t, hyperparameters):
        losses = original(self, inputs, batches, masks, parameters, state, t, hyperparameters)
        if t == 12:
            signal.raise_signal(signal.SIGINT)
        return losses

    monkeypatch.setattr(NumPyEngine, "run", twice)
    run = train(batch_size=5)
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    monkeypatch.undo()
    assert run.t == 11
    assert digest(run.fit(8)) == digest(train(batch_size=5).fit())


def test_in_another_thread_the_handler_is_left_alone():
    before, found = signal.getsignal(signal.SIGINT), []
    thread = threading.Thread(target=lambda: found.append(train().fit().epoch))
    thread.start()
    thread.join()
    assert found == [10]
    assert signal.getsignal(signal.SIGINT) is before


def test_where_it_is_ignored_it_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:

        class Press(Callback):
            def on_epoch(self, run):
                signal.raise_signal(signal.SIGINT)

        run = train(callbacks=[Press()]).fit()
        assert (run.epoch, run.interrupted) == (10, False)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


PROGRAM = """
    import json, signal
    import numpy as np
    import chainrule as cr

    class Tells(cr.Callback):
        def on_epoch(self, run):
            if run.epoch == 1:
                print("ready", flush=True)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started us with it ignored
    X = np.random.RandomState(0).standard_normal((3_000, 3))
    program = cr.derive(cr.Network.parse("3-4-1", activation="tanh"), "mean_squared_error", cr.GradientDescent(0.01))
    run = cr.Training(program, X, X[:, 0], epochs=10**6, batch_size=1, engine="numpy", progress=False,
                      callbacks=[Tells()])
    run.fit()
    lengths = [len(values) for values in run.history.values()]
    finite = all(np.isfinite(a).all() for a in run.parameters.values())
    print(json.dumps([run.interrupted, run.epoch, run.t, len(run.losses), lengths, finite, float(run.seconds)]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_a_real_one_ends_a_real_process_cleanly():
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    interrupted, epoch, t, losses, lengths, finite, seconds = json.loads(out)
    assert interrupted
    assert finite
    assert t == losses >= 3_000
    assert lengths == [epoch] * 2 == [t // 3_000] * 2
    assert seconds > 0
