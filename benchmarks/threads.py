"""`python -m benchmarks.threads`: what more threads of the C engine gain.

The same steps with one thread and with more, made in turns; seconds that passed, the least of many short rounds. Two
and more must first give the same losses to the bit.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule.engines.engine import Batches

from .machine import busy, describe
from .observing import Case

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- numbers of threads -->", "<!-- end of numbers of threads -->"
CASES = (
    Case("R3", "784-128-10", "relu", 128),
    Case("R4", "784-512-512-10", "relu", 128),
    Case("large batch", "784-128-10", "relu", 1024),
)
STEPS = 4


def counts() -> list[int]:
    """1, 2, 4, ... threads, as many as there are cores."""
    return [n for n in (1, 2, 4, 8, 16) if n <= (os.cpu_count() or 1)]


def measured(case: Case, rounds: int) -> dict[int, float]:
    """Threads -> microseconds of a step."""
    program, (X, y) = case.program(), case.data(case.rows * STEPS)
    made = partial(cr.Training, program, X, y, batch_size=case.rows, engine="c", progress=False)
    runs = {threads: made(threads=threads) for threads in counts()}
    ends = [runs[threads].fit(2).losses for threads in counts()]
    np.testing.assert_allclose(ends[-1], ends[0], rtol=1e-3)
    assert all(np.array_equal(losses, ends[-1]) for losses in ends[1:])
    batches = Batches.whole(case.rows, STEPS)
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for threads, run in runs.items():
            started = time.perf_counter()
            run.engine.run(run.inputs, batches, {}, run.parameters, run.state, run.t + 1, run.hyperparameters)
            best[threads] = min(best[threads], (time.perf_counter() - started) / STEPS)
    return {threads: 1e6 * seconds for threads, seconds in best.items()}


def table(rounds: int) -> str:
    lines = [f"{describe()}; {busy():.1f} other programs for each core.", ""]
    lines += ["| a step, us | rows | " + " | ".join(f"threads={n}" for n in counts()) + " | times as fast |"]
    lines += ["|---|---|" + "---|" * (len(counts()) + 1)]
    for case in CASES:
        found = measured(case, rounds)
        cells = [f"{case.name}, {case.notation}", str(case.rows), *(f"{us:,.3g}" for us in found.values())]
        cells.append(f"{found[1] / min(found.values()):.2f}")
        print(*cells, file=sys.stderr)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    made.add_argument("--docs", action="store_true", help="put the table into docs/benchmarks.md")
    made.add_argument("--rounds", type=int, default=100)
    options = made.parse_args()
    text = table(options.rounds)
    print(text)
    if options.docs:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
