"""The lab as static files: the guided path and the screens, for any web server or for `file://`.

One page carries everything (`carried`): the programs of the path's chapters, and those that a visitor reaches by one
change of a control, from the usual network or from the founding one. Anything else is refused by the page, in words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .. import __version__
from ..files.atomic import replace_file
from ..formulas.activations import ACTIVATIONS
from ..formulas.initial import LIMITS
from ..formulas.losses import LOSSES
from ..messages import LANGUAGES
from ..writers import LANGUAGES as WRITTEN
from ..writers import options_of, writer
from . import answers
from .carried import Carried
from .data_sets import DATA_SETS
from .descent import carried_descent
from .experiment import Experiment
from .path import CHAPTERS, FOUNDING, way

PAGE, MARK = "index.html", "chainrule-lab.json"
FORMAT = "chainrule lab export 1"
SEEDS = range(1, 5)  # of the points that can be drawn anew
UNITS = range(1, 9)
FURTHER = ("x1**2", "x2**2", "x1 * x2", "sin(3 * x1)", "sin(3 * x2)")  # those of the page's control
STRENGTHS = ((0.001, 0.0), (0.0, 0.001), (0.001, 0.001))
FUNCTION, START = "x^2 - 4x + 6", 8
POWERS = [power / 5 for power in range(-15, 6)]  # the rate's slider in a page without a server


@dataclass(frozen=True)
class Exported:
    """What was written: the page, its size in bytes, and how many programs it carries."""

    page: Path
    size: int
    programs: int


def export(folder: Path, language: str, places: Iterable[Experiment] | None = None,
           told: Callable[[int, int], None] = lambda done, of: None) -> Exported:  # fmt: skip
    """Write the lab into a folder, which is made where there is none.

    places      the experiments that it carries beside those of the guided path; by default all of `choices()`
    told        is told how many of how many experiments are carried

    Raises
        FileExistsError: the folder holds something that is no export.  OSError: it cannot be written.
    """
    check(folder)
    of_path = [Experiment.of(found.fragment) for chapter in CHAPTERS for found in chapter.ways]
    others = list(choices() if places is None else places)
    every = list(dict.fromkeys([Experiment(), *of_path, *others]))
    begin = f"{CHAPTERS[0].ways[0].fragment}&path={CHAPTERS[0].name}"
    carried = Carried({"language": language, "table": None, "begin": begin})
    for done, place in enumerate(every):
        told(done, len(every))
        carried.experiment(place)
    for place in dict.fromkeys([Experiment(), *of_path]):
        carried.sources(place, sources())
    for power in POWERS:
        rate = float(f"{10**power:.3g}")
        asked = {"function": FUNCTION, "start": START, "rate": rate}
        carried.put("descent", asked, carried_descent(FUNCTION, START, rate))
    content = carried.page("lab", "chainrule lab").encode()
    programs = sum(key.startswith("program ") for key in carried.answers)
    mark = {"format": FORMAT, "chainrule": __version__, "page": PAGE, "bytes": len(content), "programs": programs}
    folder.mkdir(exist_ok=True)
    replace_file(folder / MARK, (json.dumps(mark, indent=2) + "\n").encode())
    replace_file(folder / PAGE, content)
    return Exported(folder / PAGE, len(content), programs)


def check(folder: Path) -> None:
    """A folder that may be written: new, empty, or an export.  OSError: any other, and why."""
    if not folder.exists():
        if not folder.parent.is_dir():
            raise FileNotFoundError(f"{folder}: the folder {folder.parent} does not exist; make it first")
        return
    if not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; --export takes a folder")
    if any(folder.iterdir()) and not is_export(folder):
        raise FileExistsError(
            f"{folder} holds other files and is no export of the lab; nothing was written. "
            "Name a new folder, or an empty one"
        )


def is_export(folder: Path) -> bool:
    try:
        found = json.loads((folder / MARK).read_bytes()[:4096])
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("format") == FORMAT


def sources() -> Iterator[tuple[str, str | None]]:
    """Every programming language; explained, too, in every language that people read."""
    for language in WRITTEN:
        explained = LANGUAGES if "teaching" in options_of(writer(language)) else ()
        yield from ((language, notes) for notes in (None, *explained))


# --- what can be enumerated ------------------------------------------------------------------------------------------


def choices() -> Iterator[Experiment]:
    """Every data set with the usual network and the founding one; and each of the two with one control changed."""
    founding = Experiment.of(way("", "network", FOUNDING).fragment)
    for base in (Experiment(), founding):
        for row in DATA_SETS.values():
            for seed in (1,) if row.fixed else SEEDS:
                data = (row.name, *Experiment().data[1:4], seed)
                yield from (replace(place, data=data) for place in fitting(base, row.kind))
        yield from changed(base)


def fitting(base: Experiment, kind: str) -> list[Experiment]:
    """A network for a kind of data, by whatever other kinds it comes: as the page matches output and loss to them."""
    reached = {base}
    while more := {matched(place, other) for place in reached for other in ("classes", "number", "several")} - reached:
        reached |= more
    return sorted({matched(place, kind) for place in reached}, key=repr)


def matched(place: Experiment, kind: str) -> Experiment:
    """As `matchGoal` in `web/src/core/lab.svelte.ts`."""
    squared = "squared" in place.loss or place.loss in ("mean_absolute_error", "huber")
    if kind == "several" and place.output != "softmax" and (not squared or place.output == "linear"):
        return replace(place, output="softmax", loss="softmax_cross_entropy")
    if kind == "number" and (place.output in ("softmax", "sigmoid") or not squared):
        return replace(place, output="linear", loss="half_mean_squared_error")
    if kind == "classes" and place.output in ("softmax", "linear"):
        return replace(place, output="sigmoid", loss="binary_cross_entropy")
    return place


def changed(base: Experiment) -> Iterator[Experiment]:
    """One control of the page, changed."""
    layers = base.layers
    for i, (_, activation) in enumerate(layers):
        for count in UNITS:
            yield replace(base, layers=(*layers[:i], (count, activation), *layers[i + 1 :]))
        for name in ACTIVATIONS:
            if name != "softmax":
                yield replace(base, layers=(*layers[:i], (layers[i][0], name), *layers[i + 1 :]))
    for name in ("sigmoid", "relu", "tanh"):  # and what Side by side asks, one question after the other
        alike = replace(base, layers=tuple((count, name) for count, _ in layers))
        for loss in (base.loss, "half_mean_squared_error", "binary_cross_entropy"):
            yield from (replace(alike, loss=loss, optimizer=found) for found in ("gradient_descent", "momentum"))
    for loss in ("half_mean_squared_error", "binary_cross_entropy"):
        yield from (replace(base, loss=loss, optimizer=found) for found in ("gradient_descent", "momentum"))
    for count in range(len(layers)):
        yield replace(base, layers=layers[:count])
    yield replace(base, layers=(*layers, (4, layers[-1][1])))
    for row in LOSSES.values():
        if not row.outputs or base.output in row.outputs:
            yield replace(base, loss=row.name)
    for known in answers.choices()["optimizers"]:
        yield replace(base, optimizer=known["name"])
    yield replace(base, bias=not base.bias)
    yield replace(base, batch_norm=True)
    yield from (replace(base, dropout=share) for share in (0.1, 0.2, 0.5))
    yield from (replace(base, l1=l1, l2=l2) for l1, l2 in STRENGTHS)
    yield from (replace(base, initial=name) for name in LIMITS)
    if DATA_SETS[base.data[0]].columns == ("x1", "x2"):
        yield from (replace(base, inputs=(text,)) for text in FURTHER)
        yield replace(base, inputs=FURTHER)


__all__ = ["Exported", "choices", "export"]
