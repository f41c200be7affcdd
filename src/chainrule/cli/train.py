"""`chainrule train`: from a table to a trained network, and how good it is on rows it has not seen."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .choices import activations, engines, hidden_layers, losses, optimizer_of, penalty_of, schedule_of
from .options import (
    NETWORK,
    TRAINING,
    BatchNormOption,
    DecimalOption,
    DelimiterOption,
    DropoutOption,
    EncodingOption,
    L1Option,
    MissingOption,
    OptimizerOption,
    OutputOption,
    ScheduleOption,
    dialect_of,
    option,
)
from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..files import Checkpoint, CheckpointPath, NetworkFile
    from ..network import Network
    from ..training import EarlyStopping, Training
    from .samples import Split

DATA, SHOWING, KEEPING = "The data", "What to show and write", "What to keep"
VALIDATION_SHARE = 0.1  # where early stopping is asked for and nothing else said


def column_names(incomplete: str) -> list[str]:
    """For Tab: the columns of the file that the line names (which the parser does not tell while it is unfinished)."""
    from ..data import DataError, read_csv

    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    for word in line.split():
        if word.endswith(".csv"):
            with suppress(DataError):
                names = read_csv(word, most_bytes=2**22).names
                return [name for name in names if name.startswith(incomplete) and name.isprintable()]
    return []


def train(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="a table, CSV or Parquet: a header, then a row a sample", show_default=False
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "-t",
            help="the column to predict",
            metavar="COLUMN",
            show_default=False,
            autocompletion=column_names,
        ),
    ],
    task: Annotated[str, option(DATA, "classification, regression, or auto: by what the target holds")] = "auto",
    without: Annotated[
        list[str] | None, option(DATA, "a column to leave out; may be given again", metavar="COLUMN", default="none")
    ] = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = "utf-8",
    missing: MissingOption = None,
    test: Annotated[float, option(DATA, "share of the rows held out for the test")] = 0.2,
    validation: Annotated[float, option(DATA, "share of the other rows, to watch the training by")] = 0.0,
    seed: Annotated[int, option(DATA, "of all that is random: which rows, weights, order")] = 0,
    network_file: Annotated[
        Path | None,
        option(NETWORK, "a network file (JSON) in place of the options below", "--network", metavar="FILE"),
    ] = None,
    layers: Annotated[
        str | None,
        option(
            NETWORK,
            "units of the hidden layers, as in 64-32, or none",
            default="64, and 128-64 from 10,000 rows on",
        ),
    ] = None,
    activation: Annotated[
        str,
        option(NETWORK, 'of the hidden layers: a name, or a formula, "z * sigmoid(1.702 * z)"', complete=activations),
    ] = "relu",
    output: OutputOption = None,
    batch_norm: BatchNormOption = False,
    dropout: DropoutOption = 0.0,
    loss: Annotated[
        str | None,
        option(
            TRAINING,
            "a name, or a formula in p and y",
            default="cross-entropy for classes, half_mean_squared_error for a number",
            complete=losses,
        ),
    ] = None,
    optimizer: OptimizerOption = "adam",
    rate: Annotated[float | None, option(TRAINING, "learning rate", default="0.003 with adam")] = None,
    schedule: ScheduleOption = "cosine",
    epochs: Annotated[
        int | None,
        option(TRAINING, "how often to go through the rows", default="as many as make 3,000 steps, at least 20"),
    ] = None,
    batch_size: Annotated[
        int | None, option(TRAINING, "rows in a step", default="32, and 128 from 10,000 rows on")
    ] = None,
    l1: L1Option = 0.0,
    l2: Annotated[
        float | None,
        option(TRAINING, "strength of the L2 penalty", "--l2", default="0.6 * inputs / rows, at most 6 / rows"),
    ] = None,
    early_stopping: Annotated[
        int | None,
        option(
            TRAINING,
            "stop after so many epochs without progress on validation rows, a tenth if --validation is silent; "
            "keep the best weights",
            metavar="EPOCHS",
        ),
    ] = None,
    engine: Annotated[str, option(TRAINING, "what runs the program", complete=engines)] = "auto",
    dtype: Annotated[str, option(TRAINING, "float32 or float64")] = "float32",
    model: Annotated[
        Path | None,
        option(KEEPING, "save the trained network, for chainrule predict", metavar="OUT.safetensors"),
    ] = None,
    checkpoint: Annotated[
        Path | None, option(KEEPING, "save the training itself now and then, so that it can be resumed", metavar="PATH")
    ] = None,
    checkpoint_every: Annotated[
        int | None, option(KEEPING, "after so many epochs", metavar="EPOCHS", default="10")
    ] = None,
    resume: Annotated[
        bool, option(KEEPING, "go on from the checkpoint, where there is one; all else as it was then", "--resume")
    ] = False,
    program: Annotated[bool, option(SHOWING, "print the training step that runs", "--program")] = False,
    script: Annotated[
        Path | None,
        option(SHOWING, "write this training as a program of its own, large data into OUT.csv", metavar="OUT.py"),
    ] = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Train a network on a table, and test it on rows held out.

    Numbers are standardised and categories one-hot encoded as the training rows have it. What no option says is chosen
    by rules for the number of training rows: 64 relu units, Adam with a cosine schedule, about 3,000 steps, and an L2
    penalty that keeps small tables from being learned by heart.
    """
    from ..data import digest_of_file
    from ..files import check_model_target
    from .samples import Split
    from .script import check_script, write_script

    screen = Screen(ctx, plain, lang)
    if script is not None:
        check_script(script, file)
    if model is not None:
        check_model_target(model, "--model")
    declared = None
    if network_file is not None:
        from ..files import read_network
        from .network_option import NETWORK_OPTIONS, check_options

        declared = read_network(network_file)
        check_options(ctx, declared, network_file, NETWORK_OPTIONS)
    every = check_checkpoint(checkpoint, checkpoint_every, resume, model)
    with ExitStack() as stack:
        place, found = opened(screen, stack, checkpoint, resume)
        dialect = dialect_of(delimiter, decimal, encoding, missing)
        share = validation or (VALIDATION_SHARE if early_stopping else 0.0)
        data = Split.read(file, target, task, seed, test, share, dialect, without or ())
        digest = "" if model is None else digest_of_file(file)

        from ..derivation import derive
        from ..network import Network
        from ..training import Callback, Diverged, EarlyStopping, Training
        from .defaults import Defaults, rate_for, schedule_settings, steps_per_epoch
        from .network_option import with_file

        goal = goal_of(data, declared, loss, output)
        goal.check(data.table)
        preparation = data.preparation
        rules = Defaults(len(data.training), preparation.width)
        if declared is None:
            units = hidden_layers(rules.layers if layers is None else layers)
            network = Network.parse(
                "-".join([str(preparation.width), *units, str(goal.outputs(preparation))]),
                activation, goal.output, dropout=dropout, batch_norm=batch_norm,
            )  # fmt: skip
        else:
            network = fitting(declared.network, preparation.width, goal.outputs(preparation), network_file, data)
        size = check_batch_size(batch_size, len(data.training)) or rules.batch_size
        rounds = rules.epochs(size) if epochs is None else epochs
        settings = schedule_settings(max(1, rounds * steps_per_epoch(len(data.training), size)))
        base = optimizer_of(optimizer, rate_for(optimizer) if rate is None else rate).hyperparameters["learning_rate"]
        chosen = optimizer_of(optimizer, base if schedule == "constant" else schedule_of(schedule, base, **settings))
        strength = rules.l2(size, goal.loss.reduction == "sum") if l2 is None else l2
        given = {"loss": goal.loss, "optimizer": chosen, "penalty": penalty_of(l1, strength)}
        given |= {"clip_norm": None, "clip_delta": None}
        step = derive(network, **with_file(declared, given))

        X, Y = preparation.transform(data.training), goal.targets(preparation, data.training)
        held = None
        if data.validation is not None:
            held = preparation.transform(data.validation), goal.targets(preparation, data.validation)
        test_X, test_Y = preparation.transform(data.test), goal.targets(preparation, data.test)
        stopping = EarlyStopping(patience=early_stopping) if early_stopping is not None else None
        callbacks: list[Callback] = [stopping] if stopping is not None else []
        if place is not None:
            from ..models import Checkpoints

            callbacks.append(Checkpoints(place, every, said=lambda epoch: typer.echo(f"saved epoch {epoch}")))
        run = Training(
            step, X, Y, epochs=rounds, batch_size=size, seed=seed, engine=engine, dtype=dtype, validation=held,
            callbacks=callbacks, progress=False if screen.plain else None,
        )  # fmt: skip
        if found is not None:
            from ..models.checkpoints import go_on

            go_on(run, found, str(checkpoint))
        data.show(screen)
        show_training(screen, network, run, *named(declared, optimizer, schedule, base))
        if program:
            screen.line()
            same = run.engine.name == "numpy"
            screen.say("train.program" if same else "train.program_in_numpy", engine=run.engine.name)
            screen.line()
            screen.code(step.source("numpy", form="step").rstrip())
        if place is not None:
            screen.line()
            if found is not None:
                screen.say("train.resumed", epoch=run.epoch)
        try:
            run.fit(run.epochs - run.epoch)
        except Diverged as error:
            raise ValueError(f"{error}\n{advice(base, l2)}") from None
    show_trained(screen, run, stopping)
    if run.interrupted and place is not None:
        screen.say("train.resumable")

    from ..data import printable
    from .results import scores, show_results

    output_of_test = run.predict(test_X)
    show_results(screen, goal, preparation, test_Y, output_of_test, Y)
    for name, count in preparation.unknown(data.test).items():
        show_unknown(screen, name, count)
    for name, count in preparation.filled_in(data.test).items():
        screen.say("predict.filled", style="yellow", column=printable(name), count=count)
    if script is not None:
        write_script(screen, run, script, stopping.best_epoch if stopping is not None else run.epoch)
    if model is not None:
        found_scores = scores(goal, preparation, test_Y, output_of_test)
        save_model(screen, run, data, model, {"table_sha256": digest, "scores": found_scores})
    if run.interrupted:
        raise typer.Exit(130)
    if place is not None:
        from ..training.snapshot import digest_of_weights

        typer.echo(f"final {digest_of_weights(run)}")


def check_batch_size(size: int | None, rows: int) -> int | None:
    if size is not None and not 1 <= size <= rows:
        raise ValueError(f"--batch-size {size}: at least 1, and at most {rows:,}, the number of training rows")
    return size


# --- what is kept --------------------------------------------------------------------------------------------------


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
        from .screen import shown

        typer.echo(shown(f"{damage}; {screen.text('train.previous')}"), err=True)
    return place, found


def save_model(screen: Screen, run: Training, data: Split, path: Path, facts: dict[str, Any]) -> None:
    from ..data import printable
    from ..models import save

    table = {"table": printable(Path(data.table.source).name), "test_rows": len(data.test)}
    save(run, path, data.preparation, table | facts)
    screen.line()
    screen.say("train.model", path=str(path))


# --- a network file ------------------------------------------------------------------------------------------------


def goal_of(data: Split, declared: NetworkFile | None, loss: str | None, output: str | None) -> Any:
    """What the outputs stand for; a network file has its say in it."""
    from .goal import Goal

    if declared is None:
        return Goal.find(data.roles, loss, output)
    last = declared.network.layers[-1].activation_name
    return Goal.find(data.roles, loss if declared.loss is None else declared.loss, last, declared.network.outputs)


def fitting(network: Network, inputs: int, outputs: int, file: Path | None, data: Split) -> Network:
    """ValueError: a network for other inputs or outputs than the table has."""
    from ..data import listed

    if network.inputs != inputs:
        names = listed(data.preparation.feature_names)
        raise ValueError(f"{file} has {network.inputs} inputs, but the table makes {inputs}: {names}")
    if network.outputs != outputs:
        raise ValueError(f"{file} has {network.outputs} outputs, but the target {data.roles.target!r} needs {outputs}")
    return network


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


# --- what is shown -------------------------------------------------------------------------------------------------


def show_training(screen: Screen, network: Network, run: Training, optimizer: str, schedule: str, rate: float) -> None:
    """The network and how it is trained."""
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
                screen.text("train.epochs", epochs=run.epochs, steps=run.sampler.steps_per_epoch, rows=rows),
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
    if run.validation is not None:
        course = run.history["validation_loss"]
        best = min(range(len(course)), key=course.__getitem__)
        screen.say("train.validation", loss=f"{course[-1]:.4g}", best=f"{course[best]:.4g}", epoch=best + 1)
    if stopping is not None:
        screen.say("train.kept", epoch=stopping.best_epoch)


def show_unknown(screen: Screen, name: str, count: int) -> None:
    from ..data import printable

    screen.say("train.unknown", style="yellow", column=printable(name), count=count)


def advice(rate: float, l2: float | None) -> str:
    hint = f"The rate was {rate:g}: try --rate {rate / 10:.3g}"
    return hint + (", or a smaller --l2" if l2 else "")
