"""`train --script`: the training as a program of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .screen import Screen

if TYPE_CHECKING:
    from ..training import Training


def check_script(script: Path, file: Path) -> None:
    """Refuse, before any training, what could not be written afterwards, or would write over somebody's data."""
    if script.suffix != ".py":
        raise ValueError(f"--script {script}: the name must end in .py")
    if not script.parent.is_dir():
        raise ValueError(f"--script {script}: there is no directory {script.parent}")
    if script.is_dir():
        raise ValueError(f"--script {script}: this is a directory")
    data = script.with_suffix(".csv")
    if not data.exists():
        return
    if data.is_dir() or (file.exists() and data.samefile(file)):
        raise ValueError(f"--script {script}: its data would be written over {data}; choose another name")
    with data.open("rb") as beginning:
        if not beginning.readline(16).startswith(b"x1,"):
            raise ValueError(f"--script {script}: there is a {data} that no script has written; choose another name")


def write_script(screen: Screen, run: Training, script: Path, epochs: int) -> None:
    """The complete program, which goes through so many epochs, and where its data are not in it, these."""
    facts = replace(run.as_run(), epochs=epochs)
    script.write_text(run.program.source("numpy", form="script", run=facts), encoding="utf-8")
    command = f"python {script}"
    if facts.X is None:
        run.save_data(script.with_suffix(".csv"))
        command += f" {script.with_suffix('.csv')}"
    screen.line()
    screen.say("train.script", path=str(script))
    screen.line(f"  {command}")
