"""`train --checkpoint`: a checkpoint every few epochs, and going on from one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ..training import Callback
from ..training.snapshot import Snapshot, resume

if TYPE_CHECKING:
    from ..files import Checkpoint, CheckpointPath
    from ..training import Training

USUAL_EVERY = 10


class Saving(Callback):
    """Saves after every so many epochs, after the last one, and where Ctrl-C ends the training. Be it the last one:
    what the others do after an epoch is part of what it saves."""

    def __init__(self, place: CheckpointPath, network: dict[str, Any], every: int) -> None:
        self.place, self.network, self.every = place, network, every
        self.saved = -1  # the step it stood at

    def on_epoch(self, run: Training) -> None:
        self.save(run)

    def on_end(self, run: Training) -> None:
        if run.interrupted:
            self.save(run)

    def save(self, run: Training) -> None:
        """Say it only when it is on disk."""
        from .. import __version__
        from ..files import Checkpoint

        snapshot = Snapshot.of(run)
        if snapshot is None or run.t == self.saved:
            return
        provenance = {"chainrule": __version__, "epochs": run.epochs}
        self.place.save(Checkpoint(self.network, snapshot.settings, snapshot.numbers, snapshot.arrays, provenance))
        self.saved = run.t
        typer.echo(f"saved epoch {run.epoch}")  # flushes


def go_on(run: Training, found: Checkpoint, network: dict[str, Any], name: str) -> None:
    """Make the training go on from a checkpoint.

    Raises
        ValueError: it is of another training.
    """
    for entry in dict.fromkeys([*network, *found.network]):
        if network.get(entry) != found.network.get(entry):
            raise ValueError(
                f"{name} is of another training: its {entry} differs. Resume with the options and the data of then; "
                f"a new training needs another name"
            )
    try:
        resume(run, Snapshot(found.settings, found.numbers, dict(found.arrays)))
    except ValueError as error:
        raise ValueError(f"{name} cannot be resumed: {error}") from None
    if run.epoch > run.epochs:
        raise ValueError(f"{name} has finished epoch {run.epoch} already; --epochs {run.epochs} is less")
