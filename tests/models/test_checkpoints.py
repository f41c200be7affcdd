"""Checkpoints in Python: the same lines run again go on, bit by bit."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.data import DataError
from chainrule.files import CheckpointPath
from chainrule.training.snapshot import digest_of_weights

X = np.random.RandomState(0).normal(size=(40, 3))
Y = X.sum(axis=1) > 0


def begun(path, epochs=12, every=2, rate=0.01, said=None):
    net = cr.Network(3, [cr.Dense(5, "tanh", batch_norm=True), cr.Dropout(0.2), cr.Dense(1, "sigmoid")])
    program = cr.derive(net, "binary_cross_entropy", cr.Adam(rate))
    callbacks: list[cr.Callback] = [cr.EarlyStopping(patience=50)]
    callbacks += [cr.Checkpoints(path, every, said)] if path else []
    return cr.Training(program, X, Y, epochs=epochs, batch_size=16, seed=2, engine="numpy", callbacks=callbacks)


class Stop(Exception):  # noqa: N818  no error
    """Whatever happened."""


def test_the_same_lines_go_on_where_they_were_cut_off(tmp_path):
    path, told = tmp_path / "run.checkpoint", []

    def stop(epoch: int) -> None:
        told.append(epoch)
        if epoch == 6:
            raise Stop

    with pytest.raises(Stop):
        cr.resume(begun(path, said=stop)).fit()
    run = begun(path, said=told.append)
    cr.resume(run)
    assert run.epoch == 6
    run.fit(run.epochs - run.epoch)
    assert told == [2, 4, 6, 8, 10, 12]
    whole = begun(tmp_path / "other").fit()
    assert digest_of_weights(run) == digest_of_weights(whole)
    assert run.history == whole.history
    assert {p.name for p in tmp_path.iterdir()} == {
        "run.checkpoint", "run.checkpoint.previous", "other", "other.previous"
    }  # fmt: skip


def test_several_fits_and_nothing_to_resume(tmp_path):
    run = cr.resume(begun(tmp_path / "c"))
    assert run.epoch == 0
    run.fit(4).fit(8)
    assert cr.resume(begun(tmp_path / "c")).epoch == 12


def test_work_that_is_there_is_never_written_over(tmp_path):
    path = tmp_path / "c"
    first = begun(path).fit(4)
    with pytest.raises(DataError, match="there is a checkpoint already"):
        begun(path).fit(2)
    second = cr.resume(begun(path))
    second.fit(2)
    with pytest.raises(DataError, match="there is a checkpoint already"):
        first.fit(2)  # somebody else has gone on from what it has saved
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(DataError, match="there is a file that is no checkpoint"):
        begun(tmp_path / "mine").fit()
    assert (tmp_path / "mine").read_text() == "precious"
    with CheckpointPath(path), pytest.raises(DataError, match="another training"):
        cr.resume(begun(path))


def test_damage_is_told_and_the_one_before_taken(tmp_path):
    path = tmp_path / "c"
    begun(path).fit(6)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.warns(RuntimeWarning, match="going on from the one before it"):
        run = cr.resume(begun(path))
    assert run.epoch == 4
    run.fit(8)
    assert digest_of_weights(run) == digest_of_weights(begun(tmp_path / "d").fit())
    path.unlink()
    with pytest.warns(RuntimeWarning, match="is missing; going on"):
        run = cr.resume(begun(path, epochs=14))
    run.fit(run.epochs - run.epoch)
    assert cr.resume(begun(path, epochs=14)).epoch == 14
    for name in ("c", "c.previous"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataError, match="it has only 1 bytes"):
        cr.resume(begun(path))


def test_what_cannot_be_resumed(tmp_path):
    path = tmp_path / "c"
    run = begun(path).fit(6)
    with pytest.raises(ValueError, match="at epoch 6 already"):
        cr.resume(run)
    with pytest.raises(ValueError, match="needs a callback Checkpoints"):
        cr.resume(begun(None))
    with pytest.raises(ValueError, match="is of another training: its optimizer differs"):
        cr.resume(begun(path, rate=0.1))
    with pytest.raises(ValueError, match="has finished epoch 6 already"):
        cr.resume(begun(path, epochs=4))
    with pytest.raises(ValueError, match="every must be a whole number"):
        cr.Checkpoints(path, every=0)
    with pytest.raises(DataError, match="there is no directory"):
        cr.Checkpoints(tmp_path / "nowhere" / "c")
