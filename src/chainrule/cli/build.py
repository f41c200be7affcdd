"""`chainrule build`: a program compiled ahead of time, for hosts that may not compile."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .declaring import OTHERS, declared_program
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
    ScheduleOption,
    option,
)
from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..engines.built import Record
    from ..files import Model

BUILDING = "What is built"


def build(
    ctx: typer.Context,
    network: Annotated[
        str,
        typer.Argument(
            metavar="NETWORK|MODEL",
            help="inputs-units-...-outputs, as in 784-128-10, a network file (JSON), or a model of train --model",
            show_default=False,
        ),
    ],
    output_file: Annotated[Path, option(BUILDING, "the library", "-o", metavar="FILE")] = Path(
        "model.so"
    ),
    target: Annotated[
        str | None,
        option(
            BUILDING,
            "the least processor, as -march of the compiler has it: x86-64-v3, armv8-a, native",
            metavar="PROCESSOR",
            default="x86-64-v3 on x86-64, elsewhere native",
        ),
    ] = None,
    dtype: Annotated[
        str | None, option(BUILDING, "float32 or float64", default="the model's, of a network float32")
    ] = None,
    kernels: Annotated[
        str, option(BUILDING, "plain, tiled, lanes, threads, or auto: as the C engine chooses")
    ] = "auto",
    activation: ActivationOption = None,
    output: OutputOption = None,
    bias: BiasOption = None,
    batch_norm: BatchNormOption = False,
    dropout: DropoutOption = 0.0,
    loss: LossOption = None,
    optimizer: OptimizerOption = "gradient_descent",
    schedule: ScheduleOption = "constant",
    l1: L1Option = 0.0,
    l2: L2Option = 0.0,
    clip_norm: ClipNormOption = None,
    clip_delta: ClipDeltaOption = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Compile a network and its training step ahead of time, for hosts that may not compile.

    There engine="c", library="model.so" runs it, and chainrule predict --library. What the options declare has to be
    the same there; rates, strengths, batch size and the number of rows are free. A library for another program,
    processor or number type is refused, never loaded.
    """
    from ..engines.engine import DTYPES
    from ..models.libraries import build as build_library
    from ..models.libraries import check_library_target
    from ..writers import KERNELS

    screen = Screen(ctx, plain, lang)
    if dtype is not None and dtype not in DTYPES:
        raise ValueError(f"unknown dtype '{dtype}'; known: {', '.join(DTYPES)}")
    if kernels not in ("auto", *KERNELS["c"]):
        raise ValueError(f"unknown kernels '{kernels}'; known: auto, {', '.join(KERNELS['c'])}")
    check_library_target(output_file, "-o")
    what: Any = model_at(ctx, network)
    if what is None:
        what = declared_program(
            ctx, network, OTHERS, activation=activation, output=output, bias=bias, batch_norm=batch_norm,
            dropout=dropout, loss=loss, optimizer=optimizer, rate=None, schedule=schedule, l1=l1, l2=l2,
            clip_norm=clip_norm, clip_delta=clip_delta,
        )  # fmt: skip
    elif dtype not in (None, what.dtype):
        raise ValueError(f"--dtype {dtype}: the weights of {network} are {what.dtype}, and so is its library")
    record = build_library(what, output_file, target=target, dtype=dtype, kernels=kernels)
    screen.line(screen.text("build.built", path=str(output_file), size=kilobytes(output_file)), "bold")
    show(screen, record)
    screen.line()
    screen.say("build.use", call=f'engine="c", library="{output_file}"', command=f"--library {output_file}")


def model_at(ctx: typer.Context, network: str) -> Model | None:
    """The model in a file; None where NETWORK is no model."""
    from ..files import Model
    from .network_option import DECLARED, NETWORK_OPTIONS, is_file

    if not is_file(network) or network.lower().endswith(".json"):
        return None
    found = Model.load(network)
    for name in (*NETWORK_OPTIONS, *chain.from_iterable(DECLARED.values())):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ValueError(f"--{name.replace('_', '-')}: {network} declares that already; leave the option out")
    return found


def show(screen: Screen, record: Record) -> None:
    """What a library is."""
    from ..data import printable

    screen.facts(
        [
            (screen.text("build.program"), printable(record.title, 200)),
            (screen.text("build.kernels"), f"{record.kernels}, {record.dtype}"),
            (screen.text("build.target"), f"{record.target}, {record.system}, {record.machine}"),
            (screen.text("build.compiler"), printable(record.compiler, 80)),
        ]
    )


def kilobytes(path: Path) -> str:
    return f"{path.stat().st_size / 1000:.0f} kB"
