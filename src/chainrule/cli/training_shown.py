"""What `train` says of the training: what is trained and how, how it went, and what to try where it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .screen import Screen

if TYPE_CHECKING:
    from ..data import Preparation, Table
    from ..files import NetworkFile
    from ..network import Network
    from ..training import EarlyStopping, Training


def show_training(
    screen: Screen, network: Network, run: Training, optimizer: str, schedule: str, rate: float,
    steps: int | None = None,
) -> None:  # fmt: skip
    """The network and how it is trained; `steps` of an epoch where the run itself knows only a part of it."""
    declared = run.program.declaration
    used = dict.fromkeys(layer.activation_name for layer in network.layers if layer.activation_name)
    count = sum(array.size for array in run.parameters.values())
    penalties = declared.penalty.hyperparameters if declared.penalty is not None else {}
    loss = ", ".join([declared.loss.name, *(f"{name.upper()} {value:g}" for name, value in penalties.items())])
    rows = run.batch_size or len(run.X)
    screen.line()
    screen.facts(
        [
            (
                screen.text("train.network"),
                screen.text(
                    "train.parameters", network=f"{network.notation}, {', '.join(map(str, used))}", count=count
                ),
            ),
            (screen.text("train.loss"), loss),
            (
                screen.text("train.optimizer"),
                f"{optimizer}, {screen.text('train.rate', rate=f'{rate:g}')}, {schedule}",
            ),
            (
                screen.text("train.training"),
                screen.text("train.epochs", epochs=run.epochs, steps=steps or run.sampler.steps_per_epoch, rows=rows),
            ),
            (screen.text("train.engine"), f"{run.engine.name}, {run.engine.dtype}"),
        ],
    )


def show_trained(screen: Screen, run: Training, stopping: EarlyStopping | None) -> None:
    """How the training went."""
    screen.line()
    if run.interrupted:
        screen.say("train.interrupted", style="yellow", epochs=run.epoch, all=run.epochs)
    if not run.epoch:
        return
    first, last = run.history["loss"][0], run.history["loss"][-1]
    screen.say(
        "train.trained", epochs=run.epoch, seconds=f"{run.seconds:.1f}", first=f"{first:.4g}", last=f"{last:.4g}"
    )
    if "validation_loss" in run.history:
        course = run.history["validation_loss"]
        best = min(range(len(course)), key=course.__getitem__)
        screen.say("train.validation", loss=f"{course[-1]:.4g}", best=f"{course[best]:.4g}", epoch=best + 1)
    if stopping is not None:
        screen.say("train.kept", epoch=stopping.best_epoch)


def show_program(screen: Screen, run: Training) -> None:
    """The training step, in NumPy."""
    screen.line()
    same = run.engine.name == "numpy"
    screen.say("train.program" if same else "train.program_in_numpy", engine=run.engine.name)
    screen.line()
    screen.code(run.program.source("numpy", form="step").rstrip())


def show_surprises(screen: Screen, preparation: Preparation, test: Table) -> None:
    """What the test rows hold that the training rows do not."""
    from ..data import printable

    for name, count in preparation.unknown(test).items():
        screen.say("train.unknown", style="yellow", column=printable(name), count=count)
    for name, count in preparation.filled_in(test).items():
        screen.say("predict.filled", style="yellow", column=printable(name), count=count)


def advice(rate: float, l2: float | None) -> str:
    hint = f"The rate was {rate:g}: try --rate {rate / 10:.3g}"
    return hint + (", or a smaller --l2" if l2 else "")


def named(declared: NetworkFile | None, optimizer: str, schedule: str, rate: float) -> tuple[str, str, float]:
    """Optimizer, schedule and rate, to be shown."""
    if declared is None or declared.optimizer is None:
        return optimizer, schedule, rate
    from ..formulas.optimizers import OPTIMIZERS
    from ..formulas.schedules import SCHEDULES

    kind, rate_or_schedule = type(declared.optimizer), declared.optimizer.rate
    found = next((name for name, row in SCHEDULES.items() if row is type(rate_or_schedule)), "constant")
    rate = next(iter(declared.optimizer.hyperparameters.values()))
    return next(name for name, row in OPTIMIZERS.items() if row is kind), found, rate
