"""`train --script`: the training as a program of its own."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import check_target, replace_file
from ..messages import say
from .screen import Screen

if TYPE_CHECKING:
    from ..data import Preparation
    from ..training import Training
    from ..writers.run import Preparation as Described

MOST_BEFORE_MARK = 4096  # bytes; the mark of a script stands in its docstring, below the title


def check_script(script: Path, file: Path) -> None:
    """Refuse, before any training, what could not be written afterwards, or would write over somebody's file."""
    if script.suffix != ".py":
        raise ValueError(f"--script {script}: the name must end in .py")
    check_free(script, file, say("source.provenance", library="NumPy"), within=MOST_BEFORE_MARK)
    check_free(script.with_suffix(".csv"), file, "x1,", within=len("x1,"))


def check_free(path: Path, file: Path, mark: str, within: int) -> None:
    """Refuse a place where there is anything but what an earlier `--script` wrote, told by its mark."""
    check_target(path, "--script")
    if not path.exists():
        return
    if file.exists() and path.samefile(file):
        raise ValueError(f"--script: {path} would be written over the table itself; choose another name")
    with path.open("rb") as beginning:
        if mark.encode() not in beginning.read(within):
            raise ValueError(f"--script: there is a {path} that no script has written; choose another name")


def write_script(screen: Screen, run: Training, preparation: Preparation, script: Path, epochs: int) -> None:
    """The complete program, which goes through so many epochs, and where its data are not in it, these."""
    facts = replace(run.as_run(), epochs=epochs, preparation=described(preparation, run.y.shape[1]))
    command = f"python {script}"
    if facts.X is None:
        data = script.with_suffix(".csv")
        content = BytesIO()
        run.save_data(content)
        replace_file(data, content.getvalue())
        command += f" {data}"
    replace_file(script, run.program.source("numpy", form="script", run=facts).encode())
    screen.line()
    screen.say("train.script", path=str(script))
    screen.line(f"  {command}")


def described(preparation: Preparation, outputs: int) -> Described:
    """How the columns of X and y came about, as a script keeps it; an infinite deviation makes a constant column 0."""
    from ..data.features import NumericFeature
    from ..writers.run import Preparation as Described

    scales: list[tuple[float, float]] = []
    for feature in preparation.features:
        if isinstance(feature, NumericFeature):
            scales.append((feature.scale.mean, feature.scale.deviation or inf))
        scales += [(0.0, 1.0)] * (len(feature.names) - isinstance(feature, NumericFeature))
    means, deviations = zip(*scales, strict=True)
    return Described(preparation.feature_names, means, deviations, preparation.classes[-outputs:])
