"""`python -m benchmarks.observing`: what it costs to watch a training, one observation an epoch.

The same training with and without an `Observer`, made in turns; seconds of the process count, not
those of neighbours. First of all, both must end with the same weights, to the bit.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.engines.engine import Arrays

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- numbers of observing -->", "<!-- end of numbers of observing -->"
STEPS = (20, 100)  # an epoch
ADAM = cr.Adam(0.001)


@dataclass(frozen=True)
class Case:
    """A network, and the rows of a batch."""

    name: str
    notation: str
    activation: str
    rows: int
    output: str = "softmax"
    optimizer: cr.Optimizer = ADAM

    def program(self) -> cr.Program:
        loss = {"softmax": "softmax_cross_entropy", "sigmoid": "half_squared_error", "linear": "mean_squared_error"}
        net = cr.Network.parse(self.notation, self.activation, self.output)
        return cr.derive(net, loss[self.output], self.optimizer)

    def data(self, rows: int) -> tuple[Any, Any]:
        random = np.random.RandomState(0)
        widths = [int(n) for n in self.notation.split("-")]
        X = random.standard_normal((rows, widths[0])).astype(np.float32)
        y = random.randint(0, max(2, widths[-1]), rows)
        return X, y if self.output == "softmax" else y.astype(np.float32)


CASES = (
    Case("R1", "3-4-1", "sigmoid", 4, "sigmoid", cr.GradientDescent(0.1)),
    Case("R2a", "4-8-3", "relu", 16),
    Case("R2c", "8-32-32-1", "tanh", 32, "linear"),
    Case("R2b", "20-64-64-2", "relu", 32),
    Case("R3", "784-128-10", "relu", 128),
)


def trainings(case: Case, steps: int, engine: str, epochs: int) -> dict[str, Callable[[], cr.Training]]:
    """The training, watched and not."""
    program, (X, y) = case.program(), case.data(case.rows * steps)

    def made(*callbacks: cr.Callback) -> cr.Training:
        return cr.Training(
            program, X, y, epochs=epochs, batch_size=case.rows, engine=engine, callbacks=callbacks, progress=False
        )

    return {"plain": lambda: made(), "watched": lambda: made(cr.Observer())}


def same_weights(case: Case, steps: int, engine: str) -> None:
    """AssertionError: the weights of the watched training are others."""
    ends: dict[str, Arrays] = {
        name: make().fit().parameters for name, make in trainings(case, steps, engine, 3).items()
    }
    for name, array in ends["plain"].items():
        assert np.array_equal(array, ends["watched"][name]), f"{case.name}: watching changes {name}"


def measured(case: Case, steps: int, engine: str, seconds: float, rounds: int) -> tuple[float, float]:
    """Microseconds of an epoch, and what watching adds, relative to it: the best of rounds in turns."""
    same_weights(case, steps, engine)
    runs = {name: make() for name, make in trainings(case, steps, engine, 10**6).items()}
    for run in runs.values():
        run.fit(2)
    epochs = 2
    while spent(runs["plain"], epochs) * epochs < seconds and epochs < 10**5:
        epochs *= 2
    times: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(rounds):
        for name in (list(runs), list(runs)[::-1])[i % 2]:
            times[name].append(spent(runs[name], epochs))
    plain, watched = (float(np.min(times[name])) for name in ("plain", "watched"))
    return 1e6 * plain, watched / plain - 1


def spent(run: cr.Training, epochs: int) -> float:
    """Seconds of the process for an epoch."""
    started = time.process_time()
    run.fit(epochs)
    return (time.process_time() - started) / epochs


def table(engine: str, seconds: float, rounds: int, cases: tuple[Case, ...]) -> str:
    lines = [
        f"| {engine} | rows | " + " | ".join(f"{n} steps: an epoch, us | watching adds" for n in STEPS) + " |",
        "|---|---|" + "---|" * (2 * len(STEPS)),
    ]
    for case in cases:
        cells = [f"{case.name} {case.notation} {case.activation}", str(case.rows)]
        for steps in STEPS:
            epoch, more = measured(case, steps, engine, seconds, rounds)
            print(f"{engine} {case.name} {steps}: {epoch:.1f} us, {more:+.1%}", file=sys.stderr)
            cells += [f"{epoch:,.3g}" if epoch < 1000 else f"{epoch:,.0f}", f"{max(more, 0):.1%}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m benchmarks.observing", description=__doc__)
    made.add_argument("--docs", action="store_true", help="put the tables into docs/benchmarks.md")
    made.add_argument(
        "--seconds",
        type=float,
        default=0.03,
        help="of each measurement; a fit itself begins and ends, which takes a fraction of a millisecond",
    )
    made.add_argument("--rounds", type=int, default=40)
    made.add_argument("--cases", nargs="*", default=[case.name for case in CASES])
    made.add_argument("--engines", nargs="*", default=["c", "numpy"])
    options = made.parse_args()
    cases = tuple(case for case in CASES if case.name in options.cases)
    text = "\n\n".join(table(engine, options.seconds, options.rounds, cases) for engine in options.engines)
    print(text)
    if options.docs:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
