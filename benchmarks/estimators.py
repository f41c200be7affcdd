"""`python -m benchmarks.estimators`: fits beside scikit-learn and PyTorch, the same epochs, one thread.

Before anything is timed, our losses of two epochs must be scikit-learn's; PyTorch, which draws its orders itself, makes
as many steps on batches of the same size.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":
    from .__main__ import ONE_THREAD

    os.environ.update(ONE_THREAD)
    os.environ.pop("CHAINRULE_ENGINE", None)

import numpy as np

from . import machine
from .cases import Case
from .clock import Clock, interleaved, seconds
from .floor import Machine
from .report import FLOOR
from .startup import fresh_cache, passed

ROOT = Path(__file__).parents[1]
MARKS = ("<!-- fits -->", "<!-- end of the fits -->")
SEEDS = range(10)
CLOSE = {"float32": 2e-4, "float64": 1e-9}


@dataclass(frozen=True)
class Table:
    """A table of classes and how it is fitted; `epochs` are those that are timed."""

    name: str
    hidden: tuple[int, ...]
    epochs: int
    data: Callable[[], tuple[Any, Any]]

    def scaled(self, dtype: str) -> tuple[Any, Any]:
        """X (N, D), every column standardised, and y (N,)."""
        X, y = self.data()
        return ((X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)).astype(dtype), y


def of_scikit_learn(name: str) -> tuple[Any, Any]:
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def synthetic() -> tuple[Any, Any]:
    from sklearn.datasets import make_classification

    X, y = make_classification(100_000, 20, n_informative=10, random_state=0)
    return X, y


TABLES = {
    table.name: table
    for table in (
        Table("iris", (16,), 100, partial(of_scikit_learn, "iris")),
        Table("digits", (64, 64), 20, partial(of_scikit_learn, "digits")),
        Table("breast cancer", (32, 32), 40, partial(of_scikit_learn, "breast_cancer")),
        Table("100,000 x 20", (64, 64), 2, synthetic),
    )
}


def settings(table: Table, epochs: int, seed: int = 0) -> dict[str, Any]:
    """So many epochs, whatever the loss does."""
    return {
        "hidden_layer_sizes": table.hidden, "max_iter": epochs, "random_state": seed, "tol": 0.0,
        "n_iter_no_change": 10_000,
    }  # fmt: skip


def fit_chainrule(engine: str, table: Table, X: Any, y: Any, epochs: int) -> Any:
    from chainrule import MLPClassifier

    return MLPClassifier(engine=engine, **settings(table, epochs)).fit(X, y)


def fit_scikit_learn(table: Table, X: Any, y: Any, epochs: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(**settings(table, epochs)).fit(X, y)


def fit_torch(loader: bool, table: Table, X: Any, y: Any, epochs: int) -> Any:
    """As the tutorials have it: with a DataLoader, or with tensors that are sliced by hand."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows, labels = torch.from_numpy(X), torch.from_numpy(y)
    widths = (X.shape[1], *table.hidden, int(y.max()) + 1)
    layers: list[Any] = []
    for inputs, units in pairwise(widths):
        layers += [nn.Linear(inputs, units), nn.ReLU()]
    model = nn.Sequential(*layers[:-1]).to(rows.dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, weight_decay=1e-4)
    loss_of, size = nn.CrossEntropyLoss(), min(200, len(X))
    batches: Any = DataLoader(TensorDataset(rows, labels), batch_size=size, shuffle=True)
    for _ in range(epochs):
        if not loader:
            order = torch.randperm(len(rows))
            parts = (order[start : start + size] for start in range(0, len(rows), size))
            batches = ((rows[part], labels[part]) for part in parts)
        for X_batch, y_batch in batches:
            optimizer.zero_grad()
            loss_of(model(X_batch), y_batch).backward()
            optimizer.step()
    return model


FITS: dict[str, Callable[..., Any]] = {
    "chainrule": partial(fit_chainrule, "c"),
    "without a compiler": partial(fit_chainrule, "numpy"),
    "scikit-learn": fit_scikit_learn,
    "PyTorch, DataLoader": partial(fit_torch, True),
    "PyTorch, by hand": partial(fit_torch, False),
}


def check(table: Table, dtype: str) -> None:
    """AssertionError: the loss of an estimator of ours is not that of scikit-learn."""
    X, y = table.scaled(dtype)
    wanted = fit_scikit_learn(table, X, y, 2).loss_curve_
    for name in ("chainrule", "without a compiler"):
        got = FITS[name](table, X, y, 2).loss_curve_
        if not np.allclose(got, wanted, rtol=CLOSE[dtype]):
            raise AssertionError(f"{table.name}, {dtype}, {name}: losses {got}, scikit-learn has {wanted}")


def first_fit(table: Table, X: Any, y: Any) -> float:
    """Seconds of the very first fit, compiling included, imports not."""
    from chainrule.estimators.plans import prepared

    prepared.cache_clear()
    with fresh_cache():
        taken = passed(lambda: FITS["chainrule"](table, X, y, table.epochs))
    prepared.cache_clear()
    return taken


@dataclass(frozen=True)
class Fit:
    """What fits of a table took: the median seconds of each contender and of the floor, and of our very first fit."""

    table: Table
    dtype: str
    seconds: dict[str, float]
    first: float
    floor: float

    @property
    def title(self) -> str:
        return f"{self.table.name}, {'-'.join(map(str, self.table.hidden))}, {self.table.epochs} epochs"

    def times(self, name: str, ours: str = "chainrule") -> str:
        """How many times as long as one of ours another takes."""
        return how_many(self.seconds[name] / self.seconds[ours])


def how_many(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def measured(table: Table, dtype: str, names: Sequence[str], rounds: int) -> Fit:
    """All of them in turn, the floor of the fit's products and updates too, after the losses were compared."""
    check(table, dtype)
    X, y = table.scaled(dtype)
    first = first_fit(table, X, y)
    work = {key: partial(seconds, partial(FITS[key], table, X, y, table.epochs)) for key in names}
    for timed in work.values():
        timed()  # warm
    classes = len(np.unique(y))
    widths = (X.shape[1], *table.hidden, classes if classes > 2 else 1)
    case = Case(table.name, widths, batch=min(200, len(X)), rows=len(X), dtype=dtype)  # type: ignore[arg-type]
    work[FLOOR] = partial(Machine().floor_of_epochs, case, table.epochs, of=median)
    medians = {key: found.median for key, found in interleaved(work, rounds).items()}
    return Fit(table, dtype, medians, first, medians.pop(FLOOR))


def full_table(fits: Sequence[Fit], names: Sequence[str]) -> list[str]:
    """For docs/benchmarks.md: how many times as long as ours each of the others takes; scikit-learn as the floor."""
    heads = ("fit", "dtype", "chainrule", "the floor", "very first fit", *names[1:], "scikit-learn / floor")
    lines = [f"| {' | '.join(heads)} |"]
    lines.append("|---" * len(heads) + "|")
    for fit in fits:
        ours = f"{fit.seconds['chainrule'] * 1e3:.3g} ms | {fit.floor * 1e3:.3g} ms | {fit.first:.2g} s"
        bound = how_many(fit.seconds["scikit-learn"] / fit.floor)
        lines.append(f"| {fit.title} | {fit.dtype} | {ours} | {' | '.join(map(fit.times, names[1:]))} | {bound} |")
    return lines


def readme_table(fits: Sequence[Fit]) -> list[str]:
    """For the README: how many times as long scikit-learn takes as chainrule in float32, in float64, and there without
    a compiler; and the very first fit, compiling included, in seconds."""
    lines = ["| fit | float32 | float64 | float64 without a compiler | the very first fit |", "|---|---|---|---|---|"]
    by_name: dict[str, dict[str, Fit]] = {}
    for fit in fits:
        by_name.setdefault(fit.title, {})[fit.dtype] = fit
    for title, both in by_name.items():
        single, double = both["float32"], both["float64"]
        cells = [single.times("scikit-learn"), double.times("scikit-learn")]
        cells += [double.times("scikit-learn", "without a compiler"), f"{double.first:.2g} s"]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def into(page: Path, text: str) -> None:
    """Put a text between the marks of a page."""
    before, rest = page.read_text(encoding="utf-8").split(MARKS[0])
    page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{rest.split(MARKS[1])[1]}", encoding="utf-8")


def score(kind: str, table: Table, seed: int) -> float:
    """Accuracy on a quarter held out, all settings at their defaults."""
    from sklearn.model_selection import train_test_split

    X, y = table.scaled("float64")
    train_X, test_X, train_y, test_y = train_test_split(X, y, random_state=seed, stratify=y)
    given: dict[str, Any] = {"hidden_layer_sizes": table.hidden, "random_state": seed}
    if kind == "chainrule":
        from chainrule import MLPClassifier

        fitted = MLPClassifier(**given).fit(train_X, train_y)
    else:
        from sklearn import neural_network

        fitted = neural_network.MLPClassifier(**given).fit(train_X, train_y)
    return float(fitted.score(test_X, test_y))


def main() -> int:
    made = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    made.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), metavar="TABLE")
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--clock", choices=Clock.known, default="wall")
    made.add_argument("--docs", action="store_true", help="put the tables into docs/benchmarks.md and README.md")
    made.add_argument("--scores", action="store_true", help="held-out accuracy over ten seeds, in place of times")
    options = made.parse_args()
    warnings.simplefilter("ignore")  # that so few epochs do not converge
    Clock.now = staticmethod(Clock.known[options.clock])
    if options.scores:
        print("| held-out accuracy, ten seeds | chainrule | scikit-learn |\n|---|---|---|")
        for name in options.tables:
            means = [np.mean([score(kind, TABLES[name], seed) for seed in SEEDS]) for kind in ("chainrule", "sklearn")]
            print(f"| {name} | {means[0]:.4f} | {means[1]:.4f} |", flush=True)
        return 0
    where = f"{machine.describe()}; one thread, {machine.pin()}; {options.clock} clock; median of {options.rounds}"
    print(f"{where}\n")
    names = [name for name in FITS if find_spec("torch") or not name.startswith("PyTorch")]
    fits = []
    for name in options.tables:
        for dtype in ("float32", "float64"):
            fits.append(measured(TABLES[name], dtype, names, options.rounds))
            print(f"{name}, {dtype}: {fits[-1].seconds['chainrule'] * 1e3:.1f} ms", flush=True)
    whole, short = full_table(fits, names), readme_table(fits)
    print("\n" + "\n".join([*whole, "", *short]))
    if options.docs:
        into(ROOT / "docs" / "benchmarks.md", f"{where}.\n\n" + "\n".join(whole))
        into(ROOT / "README.md", "\n".join(short))
    return 0


if __name__ == "__main__":
    sys.exit(main())
