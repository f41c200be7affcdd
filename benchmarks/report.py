"""The report: numbers by name, and Markdown tables of them beside the goals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .cases import CASES, Case
from .clock import Sampled
from .goals import GOALS, Goal
from .one_row import C_CALL, ESTIMATOR, NAMES
from .startup import NOTHING
from .sweep import Width

OURS = "c"
FLOOR = "the machine's floor"


@dataclass
class Results:
    """Everything of one run; what was not asked for is empty. Times are in seconds."""

    about: str = ""
    notes: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # of contenders, without versions
    steps: dict[str, dict[str, Sampled]] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    one_row: dict[str, Sampled] = field(default_factory=dict)
    imports: dict[str, Sampled] = field(default_factory=dict)
    compiling: dict[str, tuple[Sampled, ...]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    compiled_again: int | None = None
    memory: dict[str, float] = field(default_factory=dict)
    formulas: dict[str, dict[str, Sampled]] = field(default_factory=dict)
    sweep: list[Width] = field(default_factory=list)

    def numbers(self) -> dict[str, float]:
        """Ratios and limits by the names that `goals` uses."""
        found: dict[str, float] = {}
        for case, times in self.steps.items():
            if OURS not in times:
                continue
            ours = times[OURS].median
            found |= {f"{case}: {key} / {OURS}": time.median / ours for key, time in times.items() if key != OURS}
            if case in self.floors:
                found[f"{case}: {OURS} / floor"] = ours / self.floors[case]
        if self.formulas:
            found["formulas: slowest jax / c"] = min(ratio(times) for times in self.formulas.values())
        for layers, wanted in (("two", 2), ("three", 3)):
            slow = [t[1].median for name, t in self.compiling.items() if len(CASES[name].widths) == wanted + 1]
            if slow:
                found[f"compile: {layers} layers"] = max(slow)
        if self.compiled_again is not None:
            found["compile: again"] = float(self.compiled_again)
        if C_CALL in self.one_row:
            found["one row: above the C call"] = 1e6 * (self.one_row[NAMES[OURS]].median - self.one_row[C_CALL].median)
        if ESTIMATOR in self.one_row:
            found["one row: estimator"] = 1e6 * self.one_row[ESTIMATOR].median
        if self.imports:
            above = self.imports["chainrule"].median - self.imports[NOTHING].median
            found["import: above python -c pass"] = above
        if self.memory:
            found["memory: copied"] = self.memory["copied"]
            found["memory: most / needed"] = self.memory["most"] / self.memory["needed"]
        return found

    def bounds(self) -> dict[str, float]:
        """The ratios of steps, if ours took no longer than the floor: no program gets further on this machine."""
        found: dict[str, float] = {}
        for case, floor in self.floors.items():
            times = self.steps.get(case, {})
            found |= {f"{case}: {key} / {OURS}": time.median / floor for key, time in times.items() if key != OURS}
            found[f"{case}: {OURS} / floor"] = 1.0
        return found


def ratio(times: Mapping[str, Sampled]) -> float:
    return times["jax"].median / times[OURS].median


def digits(value: float) -> str:
    """Three digits, no exponent: 0.057, 2.29, 143, 5320."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.4f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    line = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return [line[0], "|---" * len(head) + "|", *line[1:], ""]


def markdown(results: Results) -> str:
    """The whole report."""
    lines = [results.about, "", *(f"- {note}" for note in results.notes), ""] if results.about else []
    if results.steps:
        lines += step_tables(results)
    lines += goal_table(results.numbers(), results.bounds())
    if results.one_row:
        rows = [(name, digits(1e6 * time.median)) for name, time in results.one_row.items()]
        lines += ["### One row", "", "20-64-64-2, from Python and back.", "", *table(("", "us"), rows)]
    if results.imports or results.compiling:
        lines += start_tables(results)
    if results.memory:
        most, needed = (results.memory[name] / 1e6 for name in ("most", "needed"))
        lines += ["### Memory", ""]
        lines += [f"Training {CASES['R4'].notation} holds at most {most:.1f} MB beside the data; weights, moments and"
                  f" two batches of activations are {needed:.1f} MB.", ""]  # fmt: skip
    if results.formulas:
        lines += formula_table(results.formulas)
    if results.sweep:
        lines += sweep_table(results)
    return "\n".join(lines).rstrip() + "\n"


def title(case: Case) -> str:
    return f"{case.name}: {case.summary}"


def step_tables(results: Results) -> list[str]:
    cases, numbers = list(results.steps), results.numbers()
    taking = [key for key in results.names if any(key in results.steps[case] for case in cases)]
    first = [(f"**{results.names[key]}**" if key == OURS else results.names[key], key) for key in taking]

    def cells(key: str, divided: bool) -> list[str]:
        found = []
        for case in cases:
            times = results.steps[case]
            if key not in times or (divided and OURS not in times):
                found.append("-")
            else:
                found.append(digits(times[key].median / times[OURS].median if divided else 1e6 * times[key].median))
        return found

    lines = ["### A training step", ""]
    lines += [f"- {title(CASES[case])}" for case in cases]
    lines += ["", "Microseconds a step, shuffled mini-batches included:", ""]
    rows = [(name, *cells(key, divided=False)) for name, key in first]
    if results.floors:
        rows.insert(0, (FLOOR, *(digits(1e6 * results.floors[c]) if c in results.floors else "-" for c in cases)))
    lines += table(("", *cases), rows)
    if OURS in taking:
        lines += [f"How many times as long as {results.names[OURS]}:", ""]
        rows = [(name, *cells(key, divided=True)) for name, key in first if key != OURS]
        if results.floors:
            above = [numbers.get(f"{case}: {OURS} / floor") for case in cases]
            rows.insert(0, (FLOOR, *(digits(1 / times) if times else "-" for times in above)))
        lines += table(("", *cases), rows)
    widest = max(time.spread for times in results.steps.values() for time in times.values())
    lines += [f"Medians; between quartiles the samples of one number differ by at most {widest:.0%}.", ""]
    if results.peaks:
        both = ", ".join(f"{digits(peak / 1e9)} GF/s in {dtype}" for dtype, peak in results.peaks.items())
        lines += [f"The floor: the operations of the matrix products at the peak of one core ({both}, measured in"
                  " registers) and Adam over that many parameters, measured in turn with the contenders; for R1 the"
                  " chain of dependent operations of one step.", ""]  # fmt: skip
    return lines


def goal_table(numbers: Mapping[str, float], bounds: Mapping[str, float]) -> list[str]:
    """Goals, what was measured, and what it would be at the floor: a goal beyond that is out of reach here."""
    said = {True: "met", False: "**not met**", None: "not measured"}

    def row(goal: Goal) -> tuple[str, ...]:
        met = goal.met(numbers)
        found = "-" if met is None else f"{digits(numbers[goal.number])} {goal.unit}"
        bound = f"{digits(bounds[goal.number])} {goal.unit}" if goal.number in bounds else ""
        beyond = ", beyond the floor" if met is False and goal.met(bounds) is False else ""
        return goal.number, f"{goal.sense} {goal.bound:g} {goal.unit}", found, bound, said[met] + beyond

    return ["### Goals", "", *table(("", "goal", "measured", "at the floor", ""), map(row, GOALS))]


def start_tables(results: Results) -> list[str]:
    lines = ["### Before the first step", ""]
    if results.imports:
        nothing = results.imports[NOTHING].median
        rows = [
            (f"`{NOTHING}`" if name == NOTHING else name, digits(time.median), digits(max(0.0, time.median - nothing)))
            for name, time in results.imports.items()
        ]
        lines += table(("import", "seconds", f"above {NOTHING}"), rows)
    if results.compiling:
        ready = [
            (title(CASES[name]), digits(first.median), digits(another.median), digits(again.median))
            for name, (first, another, again) in results.compiling.items()
        ]
        heads = ("the very first network", "another network", "the same again, found in the cache")
        lines += table(("seconds until the C engine is ready", *heads), ready)
        lines += ["Products are compiled once for all networks of a number type. The goals are for another network."]
        lines += [""]
    if results.first:
        first = [(name, digits(took)) for name, took in results.first.items()]
        lines += table(("20-64-64-2, from data to first losses", "seconds"), first)
    return lines


def formula_table(formulas: Mapping[str, Mapping[str, Sampled]]) -> list[str]:
    rows = [
        (name, digits(1e6 * times[OURS].median), digits(1e6 * times["jax"].median), digits(ratio(times)))
        for name, times in formulas.items()
    ]
    head = ("20-64-64-2, 32 rows", "chainrule C, us", "JAX, us", "JAX / C")
    about = "Beside the JAX that chainrule emits for the same program."
    return ["### Every formula", "", about, "", *table(head, rows)]


def sweep_table(results: Results) -> list[str]:
    taking = [key for key in results.names if any(key in width.steps for width in results.sweep)]
    rows = []
    for width in results.sweep:
        cells = [digits(1e6 * width.steps[key].median) if key in width.steps else "-" for key in taking]
        rows.append((str(width.width), digits(1e6 * width.floor) if width.floor else "-", *cells))
    head = ("width", "floor", *(results.names[key] for key in taking))
    about = "20-w-w-2 relu, 32 rows, float32, Adam; microseconds a step."
    return ["### How cost grows", "", about, "", *table(head, rows)]
