"""compare: several programs on the same data, with the same seeds and batches: what does a change really change?

    with_slope = cr.derive(net)
    cr.compare({"with slope": with_slope, "cubed": with_slope.replace("error2", "(a2 - y)**3")}, X, y, seeds=20)

Every number is of a run that was made: the loss of every step, the error at the end, and slope and gradient norm per
layer before the first update and after the last, which are observations of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from ..engines import make_engine
from ..engines.engine import Array, Arrays
from ..messages import choose_language, say
from ..program.steps import Program
from ..training import Diverged, Training
from ..training.inputs import check_program, check_whole
from .observations import numbered, observed
from .trace import step_inputs

STUCK = 0.1  # mean |output - y| above which a run has not learned its 0s and 1s
INTERVAL = (5, 95)  # percentiles


@dataclass(frozen=True)
class Case:
    """One program, over all seeds.

    losses          (seeds, steps) of every step before its update; NaN from where a run diverged on
    errors          (seeds,) mean |output - y| after the last update
    start, end      observation -> (seeds, layers): slope_mean, averaged over the units, and gradient_norm, before the
                    first update and after the last; NaN where a layer has none
    diverged        how many runs ended in NaN or infinity
    """

    name: str
    program: Program
    losses: Array
    errors: Array
    start: dict[str, Array] = field(default_factory=dict)
    end: dict[str, Array] = field(default_factory=dict)
    diverged: int = 0

    @property
    def median(self) -> float:
        return float(np.median(self.errors))

    @property
    def interval(self) -> tuple[float, float]:
        """From the 5th to the 95th percentile of the seeds."""
        low, high = np.percentile(self.errors, INTERVAL)
        return float(low), float(high)

    @property
    def stuck(self) -> int:
        """How many runs are still above a mean error of 0.1."""
        return int((~(self.errors <= STUCK)).sum())


@dataclass(frozen=True)
class Comparison:
    """The cases, in the order given; prints as a table, shows as one in a notebook.

    cases       name -> Case; `seeds` and `epochs` hold for all
    """

    cases: dict[str, Case]
    seeds: tuple[int, ...]
    epochs: int

    def __getitem__(self, name: str) -> Case:
        return self.cases[name]

    def rows(self, language: str = "en") -> tuple[list[str], list[list[str]]]:
        """Header and rows of the table; slopes and gradient norms run from the first layer to the last."""
        keys = ("case", "error", "interval", "stuck", "slope", "gradient")
        header = [say(f"compare.{key}", language) for key in keys]
        listed = []
        for case in self.cases.values():
            low, high = case.interval
            listed.append([
                case.name, f"{case.median:.2g}", f"{low:.2g} ... {high:.2g}", f"{case.stuck}/{len(self.seeds)}",
                layered(case.end["slope_mean"]), layered(case.end["gradient_norm"]),
            ])  # fmt: skip
        return header, listed

    def summary(self, language: str = "en") -> str:
        """What the numbers show: the best and the worst case, and how far apart they are."""
        order = sorted(self.cases.values(), key=lambda case: case.median if np.isfinite(case.median) else np.inf)
        best, last = order[0], order[-1]
        values: dict[str, Any] = {"seeds": len(self.seeds), "epochs": self.epochs, "best": best.name}
        values |= {"best_error": f"{best.median:.2g}", "last": last.name, "last_error": f"{last.median:.2g}"}
        return say("compare.summary", language, stuck=last.stuck, **values)

    def text(self, language: str = "en") -> str:
        header, rows = self.rows(language)
        widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in (header, *rows)]
        return "\n".join([*lines, "", self.summary(language)])

    def __str__(self) -> str:
        return self.text(choose_language())

    def _repr_html_(self) -> str:
        language = choose_language()
        header, rows = self.rows(language)
        head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table><p>{escape(self.summary(language))}</p>"


def layered(values: Array) -> str:
    """The medians over the seeds, a number a layer; of many layers the first, the second and the last."""
    with np.errstate(all="ignore"):
        medians = [float(np.median(column)) for column in values.T]
    each = ["-" if np.isnan(m) else f"{m:.2g}" for m in medians]
    return " ".join(each if len(each) <= 4 else [*each[:2], "...", each[-1]])


def compare(
    programs: Mapping[str, Program],
    X: Any,
    y: Any,
    *,
    epochs: int = 1000,
    seeds: int = 5,
    first_seed: int = 1,
    batch_size: int | None = None,
    engine: str = "auto",
    dtype: str = "float64",
    parameters: Mapping[str, Any] | None = None,
) -> Comparison:
    """Train every program once per seed, from the same weights where they have the same, in the same batches.

    programs    name -> Program
    X, y        (N, D) and (N, K)
    seeds       how many: first_seed, first_seed + 1, ...
    parameters  own initial weights, the same for all

    Raises
        ValueError: no programs, or data that does not fit one of them.
    """
    if not isinstance(programs, Mapping) or not programs:
        raise ValueError('compare takes programs by name: compare({"one": program, "other": other}, X, y)')
    check_whole("seeds", seeds, 1)
    chosen = tuple(range(check_whole("first_seed", first_seed, 0), first_seed + seeds))
    cases = {}
    for name, program in programs.items():
        seen = observed(check_program(program), "slopes", "gradients").full
        tracer = make_engine(seen, "numpy", "float64")
        inputs = {key: np.asarray(value) for key, value in step_inputs(program.full, X, y, "float64").items()}
        losses, errors, diverged = [], [], 0
        looks: dict[str, list[Arrays]] = {"start": [], "end": []}
        for seed in chosen:
            run = Training(
                program, X, y, epochs=epochs, batch_size=batch_size, seed=seed, engine=engine, dtype=dtype,
                parameters=parameters, progress=False,
            )  # fmt: skip

            def look(run: Training = run, tracer: Any = tracer, inputs: Arrays = inputs) -> Arrays:
                values: Arrays = tracer.trace(inputs, run.parameters, run.state, run.t + 1, run.hyperparameters)
                return values

            looks["start"].append(look())
            try:
                run.fit()
            except Diverged:
                diverged += 1
            looks["end"].append(look())
            course = np.full(epochs * run.sampler.steps_per_epoch, np.nan)
            course[: len(run.losses)] = run.losses
            losses.append(course)
            wrong = np.abs(run.predict(X) - run.y).mean()
            errors.append(np.nan if run.diverged is not None else float(wrong))
        stems = {"slope_mean": numbered(seen, "slope_mean"), "gradient_norm": numbered(seen, "gradient_norm")}
        names = {stem: dict(found) for stem, found in stems.items()}
        layers = max([1, *(i for found in names.values() for i in found)])
        table = {
            when: {stem: gathered(values, found, layers) for stem, found in names.items()}
            for when, values in looks.items()
        }
        cases[name] = Case(
            name, program, np.array(losses), np.array(errors), table["start"], table["end"], diverged
        )  # fmt: skip
    return Comparison(cases, chosen, epochs)


def gathered(values: list[Arrays], names: Mapping[int, str], layers: int) -> Array:
    """(seeds, layers) of one observation, averaged over units; NaN for a layer without it."""
    rows = [[float(np.mean(look[names[i]])) if i in names else np.nan for i in range(1, layers + 1)] for look in values]
    return np.array(rows)


__all__ = ["Case", "Comparison", "compare"]
