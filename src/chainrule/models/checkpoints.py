"""A training kept on disk every few epochs, and going on from there."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

from ..files import Checkpoint, CheckpointPath, NetworkFile
from ..training import Callback, Training
from ..training.snapshot import Snapshot
from ..training.snapshot import resume as put_back

USUAL_EVERY = 10


class Checkpoints(Callback):
    """Saves a training after every so many epochs, after the last one, and where Ctrl-C ends it.

        run = cr.Training(program, X, y, epochs=200, callbacks=[cr.Checkpoints("digits.checkpoint", every=10)])
        cr.resume(run).fit(run.epochs - run.epoch)

    Run again after whatever happened, these lines go on from the last checkpoint, and end with the very weights of a
    training that was never interrupted. Be it the last callback: what the others do after an epoch is part of what it
    saves.

    path    where the last one is kept, and with `.previous` behind it the one before, until the next is safe
    every   epochs between two
    said    called with the epoch once it is durably on disk

    Raises, when the training starts
        FileError: another training uses the path; it cannot be written; there is a checkpoint that this training was
        not resumed from, or a file that is none.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | CheckpointPath,
        every: int = USUAL_EVERY,
        said: Callable[[int], None] | None = None,
    ) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"Checkpoints: every must be a whole number of at least 1, not {every!r:.40}")
        self.locked = isinstance(path, CheckpointPath)  # by whoever opened it, who will close it
        self.place = path if isinstance(path, CheckpointPath) else CheckpointPath(path, "Checkpoints")
        self.every, self.said = every, said
        self.saved = -1  # the step it stood at
        self.known: tuple[int, ...] | None = None  # which file on disk is of this training

    def on_start(self, run: Training) -> None:
        declared(run)  # what a file cannot hold is refused before training
        if self.locked:
            return
        self.place.__enter__()
        try:
            if self.known is None or self.known != self.identity():
                self.place.check_free()
            self.place.clean()
        except BaseException:
            self.place.__exit__()
            raise

    def on_epoch(self, run: Training) -> None:
        self.save(run)

    def on_end(self, run: Training) -> None:
        try:
            if run.interrupted:
                self.save(run)
        finally:
            if not self.locked:
                self.place.__exit__()

    def save(self, run: Training) -> None:
        """Say it only when it is on disk."""
        from .. import __version__

        snapshot = Snapshot.of(run)
        if snapshot is None or run.t == self.saved:
            return
        provenance = {"chainrule": __version__, "epochs": run.epochs}
        self.place.save(Checkpoint(declared(run), snapshot.settings, snapshot.numbers, snapshot.arrays, provenance))
        self.saved, self.known = run.t, self.identity()
        if self.said is not None:
            self.said(run.epoch)

    def identity(self) -> tuple[int, ...]:
        """What tells the file on disk from any other."""
        try:
            found = self.place.path.stat()
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def begin_from(self, run: Training) -> None:
        """Make a new training go on from the last checkpoint; without one it begins at its beginning."""
        with self.place:
            if not self.place.exists:
                return
            found, damage = self.place.load()
            if damage:
                warnings.warn(f"{damage}; going on from the one before it", RuntimeWarning, stacklevel=3)
            go_on(run, found, str(self.place.path))
            self.saved, self.known = run.t, self.identity()
            if damage:
                self.saved = -1


def resume(run: Training) -> Training:
    """Make a new training go on from the last checkpoint of its `Checkpoints` callback, where there is one.

        cr.resume(run).fit(run.epochs - run.epoch)

    The training is declared as it was then: the same program, data, batches, seed, engine and callbacks. It goes on
    bit by bit as if it had never been interrupted. A damaged checkpoint is told in a warning, and the one before it
    taken.

    Raises
        ValueError: a training without the callback, or one that has begun; a checkpoint of another training.
        DataError: neither the last checkpoint nor the one before it is undamaged.
    """
    found = [callback for callback in run.callbacks if isinstance(callback, Checkpoints)]
    if len(found) != 1:
        raise ValueError("resume: the training needs a callback Checkpoints(path) that says where they are, just one")
    if run.t:
        raise ValueError(f"resume: the training is at epoch {run.epoch} already; only a new one can take a checkpoint")
    found[0].begin_from(run)
    return run


def go_on(run: Training, found: Checkpoint, name: str) -> None:
    """Make a training go on from a checkpoint.

    Raises
        ValueError: it is of another training.
    """
    network = declared(run)
    for entry in dict.fromkeys([*network, *found.network]):
        if network.get(entry) != found.network.get(entry):
            raise ValueError(
                f"{name} is of another training: its {entry} differs. Resume with the options and the data of then; "
                f"a new training needs another name"
            )
    try:
        put_back(run, Snapshot(found.settings, found.numbers, dict(found.arrays)))
    except ValueError as error:
        raise ValueError(f"{name} cannot be resumed: {error}") from None
    if run.epoch > run.epochs:
        raise ValueError(f"{name} has finished epoch {run.epoch} already; --epochs {run.epochs} is less")


def declared(run: Training) -> dict[str, Any]:
    """The declaration of its network, as in a network file."""
    return NetworkFile.of(run.program.declaration).to_dict()
