"""`chainrule descend`: a function that can be drawn, and ways down to its minimum."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .blocks import show
from .page import CommandPage
from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..observe.descent import Descent, Differences


class FormulaCommand(CommandPage):
    """A command whose argument may begin with a minus, as in `-x^2`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f" {arg}" if looks_negative(arg) else arg for arg in args])


def looks_negative(argument: str) -> bool:
    return re.match(r"-(?!-|h$)", argument) is not None


def descend(
    ctx: typer.Context,
    function: Annotated[
        str,
        typer.Argument(
            metavar="FUNCTION", help='of x, or of x and y: "x^2 - 4x + 6", "x^2 + 3*y^2"', show_default=False
        ),
    ],
    start: Annotated[
        str | None,
        typer.Option("--from", help="where to start", metavar="X or X,Y", show_default="2, or 3,2 for two variables"),
    ] = None,
    rate: Annotated[float, typer.Option("--rate", help="learning rate of gradient descent")] = 0.1,
    momentum: Annotated[float, typer.Option("--momentum", help="what momentum keeps of its velocity")] = 0.9,
    steps: Annotated[int, typer.Option("--steps", help="at most so many")] = 1000,
    tolerance: Annotated[float, typer.Option("--tolerance", help="the end is where a step is shorter")] = 0.001,
    grid: Annotated[
        str | None,
        typer.Option("--grid", help="where grid search begins", metavar="LOW,HIGH", show_default="10 around the start"),
    ] = None,
    differences: Annotated[
        bool,
        typer.Option("--differences", help="compare the derivative with three numerical ones, for 16 steps h"),
    ] = False,
    between: Annotated[
        str | None,
        typer.Option(
            "--between", help="with --differences: the points to compare", metavar="LOW,HIGH", show_default="-10,10"
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", help="draw it into a file, with matplotlib", metavar="OUT.svg, .png or .pdf"),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="the picture, light on dark")] = False,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Go down a function of one or two variables, and see how.

    The derivative is derived by the rules that derive every network. Gradient descent step by step, momentum,
    Newton-Raphson and grid search beside it; where the slope is linear, the answer without any search; and the largest
    rate that still converges, with the reason.
    """
    from ..observe import descent
    from ..observe.descent.story import blocks, blocks_of_differences

    screen = Screen(ctx, plain, lang)
    if between is not None and not differences:
        raise ValueError("--between goes with --differences")
    if picture is not None:
        from .pictures import check_picture

        check_picture(picture)
    made: Descent | Differences
    if differences:
        low, high = (-10.0, 10.0) if between is None else pair("--between", between)
        made = descent.differences(function, low, high)
        show(screen, blocks_of_differences(made, screen.language))
    else:
        curve = descent.Curve(function)
        point = [2.0] if len(curve.variables) == 1 else [3.0, 2.0]
        if start is not None:
            point = numbers("--from", start)
        corners = None if grid is None else pair("--grid", grid)
        made = descent.descend(function, point, rate, momentum=momentum, steps=steps, tolerance=tolerance, grid=corners)
        show(screen, blocks(made, screen.language))

    if picture is not None:
        from .pictures import save_picture

        save_picture(screen, made, picture, dark)


def numbers(option: str, text: str) -> list[float]:
    """`3,2` as numbers.  ValueError: they are none."""
    try:
        return [float(part) for part in text.replace("−", "-").split(",")]
    except ValueError:
        raise ValueError(f"{option} '{text}': a number, or two with a comma between") from None


def pair(option: str, text: str) -> tuple[float, float]:
    found = numbers(option, text)
    if len(found) != 2:
        raise ValueError(f"{option} '{text}': two numbers with a comma between, LOW,HIGH")
    return found[0], found[1]
