"""`chainrule export`: a saved model as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .screen import LanguageOption, PlainOption, Screen


def export(
    ctx: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="written by train --model", show_default=False)],
    output_file: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", show_default=False,
            help="where to write it; beside the model, as .onnx, if nothing is said",
        ),
    ] = None,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Write a saved model as an ONNX file, its preparation included.

    Each column of the table is an input of its name, of shape (rows, 1): numbers as double, NaN where one is missing,
    and texts without blanks around them. Outputs are prediction and, with classes, their probabilities.
    """
    from ..files import check_target, replace_file
    from ..models import load

    screen = Screen(ctx, plain, lang)
    predictor = load(model, "numpy")
    target = model.with_suffix(".onnx") if output_file is None else output_file
    check_target(target, "-o", model)
    replace_file(target, predictor.to_onnx())
    screen.say("export.written", path=str(target))
