"""The run: verify, then time, then tell."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from . import machine
from .cases import CASES, WIDTHS, Case, sweep_case
from .clock import Clock, Effort, say, time_steps
from .contenders import HOMES, SHORT, USUAL, Contender, contender
from .formulas import time_formulas
from .one_row import time_one_row
from .report import FLOOR, Results, markdown
from .startup import compiled_again, memory, time_compiling, time_first_block, time_imports
from .sweep import time_sweep
from .verify import check

ROOT = Path(__file__).parent.parent
PARTS = ("steps", "one-row", "start", "memory", "formulas", "sweep")
SHORT_PARTS = ("steps", "one-row", "start")
SHORT_CASES = ("R1", "R2a", "R2b", "R2c")
BUSY = 0.3  # other programs that want a core, for each core: from there on the report says so
CAPTION = "Microseconds a step over the width; how many times as long as chainrule C each peer takes"
MARKS = ("<!-- numbers -->", "<!-- end of numbers -->")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    busy = machine.busy()
    pinned = machine.pin() if options.pin else "not pinned"
    Clock.now = staticmethod(Clock.known[options.clock])
    results = measure(options)
    results.about = f"{date.today().isoformat()}, {machine.describe()}; one thread, {pinned}."
    if options.clock == "cpu":
        results.notes.append("seconds of this process alone: what others did meanwhile is not counted")
    if busy > BUSY:
        results.notes.append(f"the machine was busy: {busy:.1f} programs for each core before this run")
    text = markdown(results)
    print(text)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "report.md").write_text(text, encoding="utf-8")
    (options.output / "numbers.json").write_text(json.dumps(asdict(results) | {"numbers": results.numbers()}, indent=1))
    picture = draw(results, options.output / "benchmarks.svg")
    if options.docs:
        into_docs(text, picture)
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast chainrule is, beside its peers.")
    made.add_argument("--short", action="store_true", help="small networks, chainrule and NumPy alone, half a minute")
    made.add_argument("--contenders", nargs="+", choices=HOMES, metavar="KEY", help=f"of {', '.join(HOMES)}")
    made.add_argument("--cases", nargs="+", choices=CASES, metavar="CASE", help=f"of {', '.join(CASES)}")
    made.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    made.add_argument("--widths", nargs="+", type=int, default=WIDTHS, metavar="W", help="of the sweep")
    made.add_argument("--rounds", type=int, help="samples of each number (9; short 3)")
    made.add_argument("--seconds", type=float, help="for each sample (0.2; short 0.03)")
    made.add_argument("--batches", type=int, help="of data, where fewer than usual are wanted")
    made.add_argument("--clock", choices=Clock.known, default="wall", help="cpu: on a machine that others use")
    made.add_argument("--no-pin", dest="pin", action="store_false", help="do not stay on one core")
    made.add_argument("--output", type=Path, default=ROOT / "build" / "bench", help="folder for the report")
    made.add_argument("--docs", action="store_true", help="put the report into docs/benchmarks.md")
    return made


def measure(options: argparse.Namespace) -> Results:
    short = options.short
    effort = Effort(options.seconds or (0.03 if short else 0.2), options.rounds or (3 if short else 9))
    parts = options.only or (SHORT_PARTS if short else PARTS)
    cases = [CASES[name] for name in options.cases or (SHORT_CASES if short else CASES)]
    results = Results()
    kinds = those_here(options.contenders or (SHORT if short else USUAL), results)
    verify(kinds, [*(cases if "steps" in parts else ()), *map(sweep_case, options.widths if "sweep" in parts else ())])
    floor = None
    if "c" in kinds:
        from .floor import Machine

        floor = Machine()
        results.peaks = {dtype: floor.peak(dtype) for dtype in ("float32", "float64")}
    if "steps" in parts:
        for case in cases:
            say(f"{case.name}: {case.summary}")
            smaller = case.small(options.batches) if options.batches else case
            runners = {key: kind(smaller) for key, kind in kinds.items() if kind.fits(smaller)}
            beside = {FLOOR: partial(floor.floor, case, of=median)} if floor else {}
            samples = time_steps(runners, smaller, effort, beside)
            if floor:
                results.floors[case.name] = samples.pop(FLOOR).median
            results.steps[case.name] = samples
    if "one-row" in parts:
        say("one row")
        case = CASES["R2b"]
        results.one_row = time_one_row({k: kind(case) for k, kind in kinds.items()}, effort)
    if "start" in parts:
        say("importing, compiling")
        results.imports = time_imports(kinds, effort.rounds)
        if "c" in kinds:
            results.compiling = time_compiling(cases, min(3, effort.rounds))
            results.compiled_again = compiled_again()
        results.first = time_first_block(kinds.values(), CASES["R2b"])
    if "memory" in parts and "c" in kinds:
        results.memory = memory()
    if "formulas" in parts and "c" in kinds and "jax" in kinds:
        say("every formula")
        results.formulas = time_formulas(Effort(effort.seconds / 2, effort.rounds))
    if "sweep" in parts:
        results.sweep = time_sweep(kinds, Effort(effort.seconds, max(1, effort.rounds // 2)), floor, options.widths)
    return results


def those_here(keys: Sequence[str], results: Results) -> dict[str, type[Contender]]:
    """The contenders that can take part; the report says which cannot, and why."""
    kinds = {}
    for key in keys:
        kind = contender(key)
        missing = kind.missing()
        if missing:
            results.notes.append(f"without {kind.name}: {missing}")
            say(f"without {kind.name}: {missing}")
        else:
            kinds[key] = kind
            results.names[key] = kind.label()
    return kinds


def verify(kinds: dict[str, type[Contender]], cases: Iterable[Case]) -> None:
    """All contenders on all that will be timed, before anything is; Unequal ends the run."""
    for case in cases:
        for kind in kinds.values():
            if kind.fits(case):
                far = check(kind, case)
                say(f"{case.name}: {kind.name} computes the same (in float64 to {far:.0e})")


def draw(results: Results, path: Path) -> Path | None:
    """The picture, where matplotlib is installed."""
    if not find_spec("matplotlib") or not (results.sweep or results.steps):
        return None
    from .plot import draw as draw_it

    draw_it(results, path)
    say(f"picture: {path}")
    return path


def into_docs(text: str, picture: Path | None) -> None:
    """Put the numbers of this run between the marks of docs/benchmarks.md, and its picture beside it."""
    page = ROOT / "docs" / "benchmarks.md"
    before, rest = page.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    if picture:
        (page.parent / picture.name).write_bytes(picture.read_bytes())
        text = f"![{CAPTION}]({picture.name})\n\n{text}"
    page.write_text(f"{before}{MARKS[0]}\n{text}{MARKS[1]}{after}", encoding="utf-8")
