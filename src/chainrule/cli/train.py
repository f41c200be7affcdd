"""`chainrule train`: from a table to a trained network, and how good it is on rows it has not seen."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from .choices import activations, engines, hidden_layers, losses, optimizer_of, penalty_of, schedule_of
from .keeping import check_checkpoint, opened, save_model
from .network_option import NETWORK_OPTIONS, check_fits, check_options, goal_of
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
from .samples import show_table
from .screen import LanguageOption, PlainOption, Screen
from .training_shown import advice, named, show_program, show_surprises, show_trained, show_training
from .trying import Wish

DATA, SHOWING, KEEPING = "The data", "What to show and write", "What to keep"
TRYING = "Trying settings"
LOOKS = 100  # at a training that is reported on
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
    stream: Annotated[
        bool,
        option(DATA, "read it a part at a time, never as a whole; so are files too large for memory", "--stream"),
    ] = False,
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
    rate: Annotated[
        str | None, option(TRAINING, "learning rate, or auto: the best of five", default="0.003 with adam")
    ] = None,
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
    balance: Annotated[
        bool, option(TRAINING, "every class counts the same, however many rows it has", "--balance")
    ] = False,
    engine: Annotated[str, option(TRAINING, "what runs the program", complete=engines)] = "auto",
    dtype: Annotated[str, option(TRAINING, "float32 or float64")] = "float32",
    threads: Annotated[
        int, option(TRAINING, "at most so many share the work of a large step of engine c")
    ] = 1,
    search: Annotated[
        str | None,
        option(TRYING, "so long, for better hidden layers, rate and penalty: 60s, 5m, 1h", metavar="TIME"),
    ] = None,
    folds: Annotated[
        int | None,
        option(TRYING, "hold every training row out once, in so many folds; judges the search, too", metavar="FOLDS"),
    ] = None,
    model: Annotated[
        Path | None,
        option(KEEPING, "save the trained network, for chainrule predict", metavar="OUT.safetensors"),
    ] = None,
    report: Annotated[
        Path | None, option(KEEPING, "write a page on it: how good, how sure, what counts", metavar="OUT.html")
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
    from ..tables.samples import Split
    from .report import check_page
    from .script import check_script, write_script

    screen = Screen(ctx, plain, lang)
    screen.keeps = bool(model or report or script or checkpoint)
    if str(file) == "-":
        raise ValueError("train reads its table more than once, standard input comes once: write it into a file first")
    if target in (without or ()):
        raise ValueError(f"--without {target}: that is the target, the column to predict")
    if script is not None:
        check_script(script, file)
    if model is not None:
        check_model_target(model, "--model")
    if report is not None:
        check_page(report, "--report")
    declared = None
    if network_file is not None:
        from ..files import read_network

        declared = read_network(network_file)
        check_options(ctx, declared, network_file, NETWORK_OPTIONS)
    every = check_checkpoint(checkpoint, checkpoint_every, resume, model)
    wish = Wish.of(rate, search, folds, declared, layers is None, l2 is None, checkpoint is not None)
    with ExitStack() as stack:
        place, found = opened(screen, stack, checkpoint, resume)
        from ..data import Shares, TableStream, is_large
        from ..tables.defaults import rate_for
        from ..tables.recipe import Recipe
        from ..training import Callback, Diverged, EarlyStopping

        dialect = dialect_of(delimiter, decimal, encoding, missing)
        recipe_for = partial(
            Recipe,
            optimizer=partial(optimizer_of, optimizer),
            penalty=penalty_of,
            schedule=None if schedule == "constant" else partial(schedule_of, schedule),
            layers=None if layers is None else hidden_layers(layers),
            activation=activation,
            dropout=dropout,
            batch_norm=batch_norm,
            rate=rate_for(optimizer) if wish.rate is None else wish.rate,
            epochs=epochs,
            batch_size=batch_size,
            l1=l1,
            l2=l2,
            declared=declared,
            balanced=balance,
            seed=seed,
            engine=engine,
            dtype=dtype,
            threads=threads,
        )
        if stream or is_large(file):
            from .streamed import Keeping, Reading, check_stream_options, train_streamed

            check_stream_options(ctx, file)
            share = validation or (VALIDATION_SHARE if early_stopping is not None else 0.0)
            reading = Reading(TableStream(file, dialect, tuple(without or ())), target, task, Shares(test, seed, share))
            stopping = None if early_stopping is None else EarlyStopping("validation_loss", early_stopping)
            keeping = Keeping(place, found, checkpoint, every, model, stopping, program)
            train_streamed(screen, reading, recipe_for, keeping, loss, output, network_file, (optimizer, schedule))
            return
        share = validation or (VALIDATION_SHARE if early_stopping else 0.0)
        data = Split.read(file, target, task, seed, test, share, dialect, without or ())
        digest = "" if model is None else digest_of_file(file)
        goal = goal_of(data.roles, declared, loss, output)
        goal.check(data.table)
        preparation = data.preparation
        check_fits(declared, network_file, preparation, goal)
        check_batch_size(batch_size, len(data.training))
        recipe = recipe_for(goal)
        if wish.tries or wish.folds:
            show_table(screen, data)
            recipe = wish.come_true(screen, recipe, data)
        plan = recipe.plan(preparation, len(data.training))
        stopping = EarlyStopping(patience=early_stopping) if early_stopping is not None else None
        callbacks: list[Callback] = [stopping] if stopping is not None else []
        if report is not None:
            from ..observe import Observer

            callbacks.append(Observer(every=max(1, plan.epochs // LOOKS)))
        if place is not None:
            from ..models import Checkpoints

            callbacks.append(Checkpoints(place, every, said=lambda epoch: screen.line(f"saved epoch {epoch}")))
        run = recipe.training(
            plan,
            preparation,
            data.training,
            data.validation,
            callbacks=callbacks,
            progress=False if screen.plain else None,
        )
        if model is not None:
            from ..files import NetworkFile

            NetworkFile.of(run.program.declaration).to_dict()  # what a file cannot hold is refused before training
        if found is not None:
            from ..models.checkpoints import go_on

            go_on(run, found, str(checkpoint))
        if not (wish.tries or wish.folds):
            show_table(screen, data)
        show_training(screen, plan.network, run, *named(declared, optimizer, schedule, plan.rate))
        if program:
            show_program(screen, run)
        if place is not None:
            screen.line()
            if found is not None:
                screen.say("train.resumed", epoch=run.epoch)
        try:
            run.fit(run.epochs - run.epoch)
        except Diverged as error:
            raise ValueError(f"{error}\n{advice(plan.rate, l2)}") from None
    show_trained(screen, run, stopping)
    if run.interrupted and place is not None:
        screen.say("train.resumable")

    from ..tables.scores import scores
    from .results import linear_scores, show_results

    test_X, test_Y = recipe.arrays(preparation, data.test)
    output_of_test = run.predict(test_X)
    found_scores = scores(goal, preparation, test_Y, output_of_test)
    linear = linear_scores(recipe, data) if plan.has_hidden_layers and not run.interrupted else None
    show_results(screen, goal, preparation, test_Y, output_of_test, run.y, found_scores, linear)
    show_surprises(screen, preparation, data.test)
    if model is not None:  # first: a page or a script that cannot be written must not cost it
        save_model(screen, run, data, model, {"table_sha256": digest, "scores": found_scores})
    if script is not None:
        write_script(screen, run, preparation, script, stopping.best_epoch if stopping is not None else run.epoch)
    if report is not None:
        from .report import report_training

        report_training(screen, run, data, report, {"scores": found_scores})
    if run.interrupted:
        raise typer.Exit(130)
    if place is not None:
        from ..training.snapshot import digest_of_weights

        typer.echo(f"final {digest_of_weights(run)}")


def check_batch_size(size: int | None, rows: int) -> None:
    if size is not None and not 1 <= size <= rows:
        raise ValueError(f"--batch-size {size}: at least 1, and at most {rows:,}, the number of training rows")
