"""What `train` keeps on disk: checkpoints on the way, the model at the end."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .screen import Screen, shown

if TYPE_CHECKING:
    from ..files import Checkpoint, CheckpointPath
    from ..tables.samples import Split
    from ..training import Training


def check_checkpoint(path: Path | None, every: int | None, resume: bool, model: Path | None) -> int:
    """How many epochs lie between two checkpoints."""
    from ..models.checkpoints import USUAL_EVERY

    if path is None and (resume or every is not None):
        raise ValueError(f"{'--resume' if resume else '--checkpoint-every'} needs --checkpoint PATH")
    if every is not None and every < 1:
        raise ValueError(f"--checkpoint-every {every}: a whole number of at least 1")
    if path is not None and model is not None and os.path.realpath(path) == os.path.realpath(model):
        raise ValueError("--checkpoint and --model need two names")
    return USUAL_EVERY if every is None else every


def opened(
    screen: Screen, stack: ExitStack, checkpoint: Path | None, resume: bool
) -> tuple[CheckpointPath | None, Checkpoint | None]:
    """The place of the checkpoints, locked as long as the stack is open, and the one to go on from."""
    from ..files import CheckpointPath

    if checkpoint is None:
        return None, None
    place = stack.enter_context(CheckpointPath(checkpoint))
    if not resume:
        place.check_free()
    place.clean()
    if not resume or not place.exists:
        return place, None
    found, damage = place.load()
    if damage:
        typer.echo(shown(f"{damage}; {screen.text('train.previous')}"), err=True)
    return place, found


def save_model(screen: Screen, run: Training, data: Split, path: Path, facts: dict[str, Any]) -> None:
    from ..data import printable
    from ..models import save

    table = {"table": printable(Path(data.table.source).name), "test_rows": len(data.test)}
    save(run, path, data.preparation, table | facts)
    screen.line()
    screen.say("train.model", path=str(path))
