"""`chainrule source`: the training step of a network as source code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..writers import LANGUAGES, options_of, writer
from .choices import languages
from .declaring import FOUNDING, OTHERS, declared_program
from .options import (
    ActivationOption,
    BatchNormOption,
    BiasOption,
    ClipDeltaOption,
    ClipNormOption,
    DropoutOption,
    L1Option,
    L2Option,
    LossOption,
    OptimizerOption,
    OutputOption,
    RateOption,
    ScheduleOption,
    beginning_with,
    option,
)
from .screen import PlainOption, Screen, remember_language

WRITING = "How it is written"
FORMS = ("module", "step")


def source(
    ctx: typer.Context,
    network: Annotated[
        str | None,
        typer.Argument(
            metavar="NETWORK",
            help="inputs-units-...-outputs, as in 784-128-10, or a network file (JSON); "
            "without it the network with which it all began",
            show_default=False,
        ),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", "-l", help=", ".join(LANGUAGES), autocompletion=beginning_with(languages))
    ] = "numpy",
    form: Annotated[
        str | None,
        option(
            WRITING, "module (functions step and predict) or step (its lines)", default="module; step without NETWORK"
        ),
    ] = None,
    teaching: Annotated[bool, option(WRITING, "every value named, with its shape and a note", "--teaching")] = False,
    names: Annotated[str, option(WRITING, "ours, or founding: the founding texts' names beside ours")] = "ours",
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            "--notes",
            help="language of the notes",
            rich_help_panel=WRITING,
            metavar="LANGUAGE",
            is_eager=True,
            callback=remember_language,
        ),
    ] = None,
    output_file: Annotated[Path | None, option(WRITING, "write it to a file", "-o", metavar="FILE")] = None,
    weights: Annotated[
        Path | None,
        option(
            WRITING, "a predictor that runs alone: a saved model's network, weights, preparation and labels",
            metavar="MODEL.safetensors",
        ),
    ] = None,
    prefix: Annotated[
        str | None, option(WRITING, "of C with --weights: what the names begin with that other files see")
    ] = None,
    activation: ActivationOption = None,
    output: OutputOption = None,
    bias: BiasOption = None,
    batch_norm: BatchNormOption = False,
    dropout: DropoutOption = 0.0,
    loss: LossOption = None,
    optimizer: OptimizerOption = "gradient_descent",
    rate: RateOption = None,
    schedule: ScheduleOption = "constant",
    l1: L1Option = 0.0,
    l2: L2Option = 0.0,
    clip_norm: ClipNormOption = None,
    clip_delta: ClipDeltaOption = None,
    plain: PlainOption = False,
) -> None:
    """Print the training step of a network as source code.

    Without NETWORK: the founding network 3-4-1, sigmoid, no bias, half the squared error, gradient descent at rate 1.
    Options change it from there.
    """
    screen = Screen(ctx, plain, lang)
    if output_file is not None:
        from ..files import check_target

        check_target(output_file, "-o", weights, None if network is None else Path(network))
    if weights is not None:
        write_predictor(ctx, screen, weights, language, prefix, output_file)
        return
    if prefix is not None:
        raise ValueError("--prefix goes with --weights and --language c")
    usual = FOUNDING if network is None else OTHERS
    wanted = form or (usual.form if usual.form in writer(language).forms else OTHERS.form)
    if wanted not in FORMS:
        known = ", ".join(FORMS)
        raise ValueError(
            f"unknown form '{wanted}'; known: {known}. Complete programs come from chainrule train --script"
        )
    program = declared_program(
        ctx, network, usual, activation=activation, output=output, bias=bias, batch_norm=batch_norm, dropout=dropout,
        loss=loss, optimizer=optimizer, rate=rate, schedule=schedule, l1=l1, l2=l2, clip_norm=clip_norm,
        clip_delta=clip_delta,
    )  # fmt: skip
    asked: dict[str, Any] = {"teaching": True} if teaching else {}
    asked |= {"names": names} if names != "ours" else {}
    asked |= {"notes": screen.language} if lang or "notes" in options_of(writer(language)) else {}
    show_or_write(screen, program.source(language, form=wanted, **asked), language, output_file)


def show_or_write(screen: Screen, text: str, language: str, path: Path | None) -> None:
    if path is None:
        screen.code(text.rstrip("\n"), language)
        return
    from ..files import replace_file

    replace_file(path, (text.rstrip("\n") + "\n").encode())


BESIDE_WEIGHTS = ("weights", "language", "prefix", "lang", "output_file", "plain")


def write_predictor(
    ctx: typer.Context, screen: Screen, model: Path, language: str, prefix: str | None, path: Path | None
) -> None:
    """`--weights`: the model as a program of its own. ValueError: an option that says what the model says already."""
    from ..models import load

    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name not in BESIDE_WEIGHTS and source is not None and source.name == "COMMANDLINE":
            shown = parameter.opts[0] if parameter.opts[0].startswith("-") else "NETWORK"
            raise ValueError(f"{shown}: {model} is a trained model, network and all; leave it out beside --weights")
    known = options_of(writer(language))
    asked = {"notes": screen.language} if "notes" in known else {}
    if prefix is not None and "prefix" not in known:
        raise ValueError(f"--prefix: {language} has none; it is for c")
    asked |= {"prefix": prefix} if prefix is not None else {}
    show_or_write(screen, load(model, "numpy").source(language, **asked), language, path)
