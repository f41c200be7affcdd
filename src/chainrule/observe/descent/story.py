"""What there is to say about a descent, as blocks, in any language."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ...messages import say
from ...program.expr import Number
from ..blocks import Block, Heading, Lines, Paragraph, Table, as_html, as_text
from .chart import chart
from .function import named, short
from .notation import write

if TYPE_CHECKING:
    from .descent import Descent
    from .differences import Differences
    from .methods import Path

FIRST, LAST = 36, 4  # steps that are listed
FORMULAS = {
    "forward": "(f(x + h) - f(x)) / h",
    "central": "(f(x + h) - f(x - h)) / (2h)",
    "complex": "Im f(x + ih) / h",
}


def story(descent: Descent, language: str) -> str:
    return as_text(blocks(descent, language))


def html(descent: Descent, language: str) -> str:
    return as_html(blocks(descent, language))


def preformatted(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def blocks(descent: Descent, language: str) -> list[Block]:
    """The function, the analytic way, the steps, the drawing, four ways side by side, the largest rate."""
    curve = descent.curve
    width = max(len(name) for name, _ in curve.texts)
    told: list[Block] = [Lines(tuple(f"{name:{width}} = {text}" for name, text in curve.texts))]
    told += [Paragraph(text) for text in (analytic(descent, language), pole_text(descent, language)) if text]
    start, rate = named(curve, descent.start), short(descent.rate)
    told.append(Heading(say("descend.gradient", language, start=start, rate=rate)))
    told.append(Lines(tuple(f"  {rule}" for rule in rules(descent))))
    told.append(steps_table(descent, language))
    told.append(Paragraph(sentence(descent, language)))
    told.append(Lines(tuple(chart(descent))))
    told.append(Heading(say("descend.side_by_side", language)))
    told.append(four_ways(descent, language))
    told.append(Paragraph(say("descend.ways", language)))
    told += [Paragraph(text) for text in rates_texts(descent, language)]
    return told


def rules(descent: Descent) -> list[str]:
    """`x -= 0.1 * (2x - 4)`"""
    pairs = zip(descent.curve.variables, descent.curve.slopes, strict=True)
    return [f"{name} -= {short(descent.rate)} * ({write(slope)})" for name, slope in pairs]


def analytic(descent: Descent, language: str) -> str:
    """What can be computed without any descent."""
    curve = descent.curve
    if all(isinstance(slope, Number) for slope in curve.slopes):
        if all(slope == Number(0.0) for slope in curve.slopes):
            return say("descend.flat", language)
        slopes = ", ".join(write(slope) for slope in curve.slopes)
        return say("descend.nowhere", language, slope=slopes)
    solved = descent.solved
    if solved is None:
        return say("descend.unsolved", language)
    from .landing import classify

    kind = kind_of(classify(curve, solved).kind, curve.variables)
    equations = ", ".join(f"{write(slope)} = 0" for slope in curve.slopes)
    values = {"point": named(curve, solved), "value": short(float(curve(solved)))}
    return say("descend.solved", language, equations=equations, kind=say(f"descend.kind_{kind}", language), **values)


def kind_of(kind: str, variables: tuple[str, ...]) -> str:
    """With one variable, what is flat on the way down is no saddle but an inflection point."""
    return "inflection" if kind == "saddle" and len(variables) == 1 else kind


def pole_text(descent: Descent, language: str) -> str:
    listed = ", ".join(short(pole) for pole in descent.poles)
    return (
        say("descend.poles", language, points=f"x = {listed}".replace("x", descent.curve.variables[0]))
        if listed
        else ""
    )


def steps_table(descent: Descent, language: str) -> Table:
    """Step by step: where it is, how high, how steep."""
    curve, path = descent.curve, descent.paths["gradient_descent"]
    with np.errstate(all="ignore"):
        slopes = curve.slope(path.points.T).T
    (value, _), *_ = curve.texts
    two = len(curve.variables) == 2
    headers = [say("descend.step", language), *curve.variables, value]
    headers += [f"df/d{name}" for name in curve.variables] if two else [f"f'({curve.variables[0]})"]
    rows = []
    for i, (point, height, slope) in enumerate(zip(path.points, path.values, slopes, strict=True)):
        if len(path.points) <= FIRST or i < FIRST - 2 * LAST or i >= len(path.points) - LAST:
            rows.append([str(i), *(short(v) for v in point), short(height), *(short(v) for v in slope)])
        elif i == FIRST - 2 * LAST:
            rows.append(["..."] + [""] * (len(headers) - 1))
    return Table(headers, rows, left=0)


def sentence(descent: Descent, language: str) -> str:
    """What became of gradient descent."""
    path = descent.paths["gradient_descent"]
    last = path.last
    to_go = abs(last - descent.below.point).max()
    verdict = kind_of(path.verdict, descent.curve.variables)
    before = path.points[-2] if path.steps else last
    return say(
        f"descend.verdict_{verdict}",
        language,
        steps=path.steps,
        point=named(descent.curve, last),
        other=named(descent.curve, before),
        goal=named(descent.curve, descent.below.point),
        tolerance=short(descent.tolerance),
        distance=short(to_go, 3),
        rate=short(descent.rate),
    )


def four_ways(descent: Descent, language: str) -> Table:
    header = [say(f"descend.{key}", language) for key in ("method", "end", "steps", "evaluations")]
    header += [*descent.curve.variables, descent.curve.texts[0][0]]
    rows = []
    for path in descent.paths.values():
        name = say(f"descend.method_{path.method}", language, mu=short(descent.mu))
        end = say(f"descend.end_{kind_of(path.verdict, descent.curve.variables)}", language)
        numbers = [*path.last, height(path)]
        rows.append([name, end, str(path.steps), str(path.evaluations), *(short(v, 5) for v in numbers)])
    return Table(header, rows, left=2)


def height(path: Path) -> float:
    return float(path.values[np.flatnonzero(np.isfinite(path.values))[-1]])


def rates_texts(descent: Descent, language: str) -> list[str]:
    """The largest rate that converges: why, and what trying says."""
    rates = descent.rates
    if rates is None:
        return []
    limit, curvature, start = short(rates.limit, 5), short(rates.curvature, 5), named(descent.curve, descent.start)
    told = []
    if np.isfinite(rates.limit):
        key = "rate_limit" if len(descent.curve.variables) == 1 else "rate_limit_two"
        told.append(say(f"descend.{key}", language, limit=limit, curvature=curvature))
    else:
        told.append(say("descend.rate_flat", language))
    if not rates.found:
        return [*told, say("descend.rate_none", language, start=start)]
    values = {"start": start, "found": short(rates.found, 4), "fastest": short(rates.fastest, 4), "steps": rates.steps}
    told.append(say("descend.rate_tried", language, **values))
    if np.isfinite(rates.limit) and rates.found < 0.95 * rates.limit:
        told.append(say("descend.rate_far", language, limit=limit))
    return told


def blocks_of_differences(differences: Differences, language: str) -> list[Block]:
    curve, kinds = differences.curve, list(differences.errors)
    lowest, highest = short(float(differences.x.min())), short(float(differences.x.max()))
    told: list[Block] = [Lines(tuple(f"{name:6} = {text}" for name, text in curve.texts[:2]))]
    told.append(Paragraph(say("descend.differences", language, low=lowest, high=highest)))
    told.append(Lines(tuple(f"  {say(f'descend.{kind}', language)}: {FORMULAS[kind]}" for kind in kinds)))
    smallest = {kind: differences.best(kind)[0] for kind in kinds}
    rows = []
    for i, h in enumerate(differences.steps):
        errors = [f"{differences.errors[kind][i]:.1e}" + ("<" if smallest[kind] == h else " ") for kind in kinds]
        rows.append([f"{h:.0e}", *errors, drawn({kind: float(differences.errors[kind][i]) for kind in kinds})])
    scale = "1e-16" + "1".rjust(len(drawn({})) - 5)
    told.append(Table(["h", *(say(f"descend.{kind}", language) + " " for kind in kinds), scale], rows, left=0))
    for kind in ("forward", "central", "complex"):
        if kind not in kinds:
            told.append(Paragraph(say("descend.no_complex", language)))
            continue
        h, error = differences.best(kind)
        told.append(Paragraph(say(f"descend.explain_{kind}", language, step=f"{h:.0e}", error=f"{error:.1e}")))
    return told


def drawn(errors: dict[str, float]) -> str:
    """The errors as letters on a scale from 1e-16 to 1, two columns a power of ten: f, c and i, the imaginary part."""
    cells = [" "] * 33
    for kind, error in errors.items():
        column = 2 * (16 + np.log10(max(error, 1e-16)))
        cells[int(np.clip(round(column), 0, 32))] = {"forward": "f", "central": "c", "complex": "i"}[kind]
    return "|" + "".join(cells) + "|"


def story_of_differences(differences: Differences, language: str) -> str:
    return as_text(blocks_of_differences(differences, language))
