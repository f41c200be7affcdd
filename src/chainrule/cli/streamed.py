"""`train` on files that do not fit into memory: two passes over the file, then epochs over prepared rows on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .network_option import check_fits, goal_of
from .samples import show_survey
from .screen import Screen
from .training_shown import advice, named, show_program, show_trained, show_training

if TYPE_CHECKING:
    from ..data import Shares, Survey, TableStream
    from ..files import Checkpoint, CheckpointPath
    from ..tables.recipe import Recipe
    from ..tables.row_file import RowFile
    from ..tables.streaming import StreamedTraining
    from ..training import EarlyStopping

ON_SAMPLE = "make a file with some of its rows, find them there, and give them here as options"
NOT_STREAMED = {
    "folds": "make a file with some of its rows, and ask it of that",
    "search": ON_SAMPLE,
    "script": "chainrule source --weights, with what --model saves, writes a program that predicts",
    "balance": "leave it out, or make a file with fewer rows of the frequent classes",
    "report": "chainrule report, with what --model saves and a file with some of its rows, writes it afterwards",
}
MOST_SCORED = 200_000  # test rows


@dataclass(frozen=True)
class Reading:
    """Which table, and what is to become of its rows."""

    stream: TableStream
    target: str
    task: str
    shares: Shares


@dataclass(frozen=True)
class Keeping:
    """What ends the training early, and where checkpoints and the model go."""

    place: CheckpointPath | None
    found: Checkpoint | None
    name: Path | None
    every: int
    model: Path | None
    stopping: EarlyStopping | None = None
    program: bool = False


def check_stream_options(ctx: typer.Context, file: Path) -> None:
    """ValueError: an option that needs all rows in memory."""
    for name, hint in NOT_STREAMED.items():
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ValueError(f"--{name}: {file} is read a part at a time, and that needs all rows in memory: {hint}")
    if str(ctx.params.get("rate")).lower() == "auto":
        told = f"--rate auto: {file} is read a part at a time, and that needs all rows in memory"
        raise ValueError(f"{told}: {ON_SAMPLE}")


def train_streamed(
    screen: Screen, reading: Reading, recipe_for: Callable[..., Recipe], keeping: Keeping, loss: str | None,
    output: str | None, network_file: Path | None, names: tuple[str, str],
) -> None:  # fmt: skip
    """All of `train` but for what needs the rows in memory."""
    import numpy as np

    from ..data import survey
    from ..tables.row_file import prepared
    from ..training import Diverged

    shares = reading.shares
    if not 0 < shares.test < 1:
        raise ValueError(f"--test {shares.test:g}: a share of the rows, above 0 and below 1")
    if not 0 <= shares.validation < 1:
        raise ValueError(f"--validation {shares.validation:g}: a share of the rows, at least 0 and below 1")
    with screen.advance() as bar:
        found = survey(reading.stream, reading.target, reading.task, shares, lambda share: bar.at(share / 2, "1/2"))  # type: ignore[arg-type]  # checked there
        made = recipe_for  # the recipe needs the goal, the goal the roles
        declared = made.keywords["declared"]  # type: ignore[attr-defined]  # a partial
        goal = goal_of(found.roles, declared, loss, output)
        check_fits(declared, network_file, found.preparation, goal)
        recipe = made(goal)
        plan = recipe.plan(found.preparation, found.trained)
        show_survey(screen, found)
        rows, tested, held = prepared(
            found, goal, shares, np.dtype(recipe.dtype), plan.batch_size,
            lambda share: bar.at(0.5 + share / 2, "2/2"),
        )  # fmt: skip
    with rows, tested, held:
        run = recipe.streamed(
            plan, rows, held if held.rows else None, stopping=keeping.stopping, progress=False if screen.plain else None
        )
        if keeping.found is not None:
            run.go_on(keeping.found, str(keeping.name))
        show_training(screen, plan.network, run, *named(declared, *names, plan.rate), steps=run.steps_per_epoch)
        if keeping.program:
            show_program(screen, run)
        if keeping.place is not None:
            screen.line()
            if keeping.found is not None:
                screen.say("train.resumed", epoch=run.epoch)
        try:
            run.stream(keeping.place, keeping.every, lambda epoch: screen.line(f"saved epoch {epoch}"))
        except Diverged as error:
            raise ValueError(f"{error}\n{advice(plan.rate, recipe.l2)}") from None
        show_trained(screen, run, keeping.stopping)
        if run.interrupted and keeping.place is not None:
            screen.say("train.resumable")
        scores = test_scores(screen, recipe, found, run, tested)
    if keeping.model is not None:
        save_streamed(screen, run, found, keeping.model, scores)
    if run.interrupted:
        raise typer.Exit(130)
    if keeping.place is not None:
        from ..training.snapshot import digest_of_weights

        typer.echo(f"final {digest_of_weights(run)}")


def test_scores(screen: Screen, recipe: Recipe, found: Survey, run: StreamedTraining, tested: RowFile) -> Any:
    """Test, on at most 200,000 rows, and show it."""
    import numpy as np

    from ..tables.scores import scores
    from .results import show_results

    blocks = np.random.RandomState(recipe.seed).permutation(tested.blocks)
    X, Y = tested.read(blocks[: max(1, MOST_SCORED // tested.block_rows)])
    answers = run.engine.predict(X, run.parameters, run.state)
    made = scores(recipe.goal, found.preparation, Y, answers)
    show_results(screen, recipe.goal, found.preparation, Y, answers, run.y, made, None)
    return made


def save_streamed(screen: Screen, run: StreamedTraining, found: Survey, path: Path, scores: dict[str, float]) -> None:
    from ..data import printable
    from ..models import save

    facts = {"table": printable(Path(found.stream.source).name), "rows": run.file.rows, "test_rows": found.tested}
    save(run, path, found.preparation, facts | {"prepared_sha256": run.file.digest, "scores": scores})
    screen.line()
    screen.say("train.model", path=str(path))
