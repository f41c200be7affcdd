"""All that a training needs to go on as if it had never been interrupted, as plain numbers and arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engines.engine import Array, Arrays

if TYPE_CHECKING:
    from .training import Training

KEY_WORDS = 624  # of the Mersenne Twister behind RandomState


@dataclass(frozen=True)
class Snapshot:
    """A training between two steps.

    settings    what must be the same in the training that goes on from it
    numbers     counters and rates: plain data for JSON
    arrays      weights, state, losses, history, order of the rows, random state, what callbacks keep
    """

    settings: dict[str, Any]
    numbers: dict[str, Any]
    arrays: Arrays

    @classmethod
    def of(cls, run: Training) -> Snapshot | None:
        """Of a training as it stands; None where steps wait to be made again, after an error."""
        sampler = run.sampler
        if sampler.given_back is not None:
            return None
        random = sampler.random.get_state(legacy=False)
        assert isinstance(random, dict)
        numbers = {
            "t": run.t,
            "step": sampler.step,
            "stopped": run.stopped,
            "hyperparameters": dict(run.hyperparameters),
            "random_position": int(random["state"]["pos"]),
        }
        arrays: Arrays = {f"parameter.{name}": array for name, array in run.parameters.items()}
        arrays |= {f"state.{name}": array for name, array in run.state.items()}
        arrays |= {f"history.{name}": np.array(values, dtype=float) for name, values in run.history.items()}
        arrays |= {"losses": run.losses, "random_key": random["state"]["key"].astype(np.uint32)}
        if sampler.step:
            arrays |= {"order": sampler.order, "unfinished": np.concatenate(run.unfinished)}
        for i, callback in enumerate(run.callbacks):
            arrays |= {f"callback{i}.{name}": array for name, array in callback.state().items()}
        return cls(settings_of(run), numbers, arrays)

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return int(self.numbers["t"]) // int(self.settings["steps_per_epoch"])


def settings_of(run: Training) -> dict[str, Any]:
    """What a training must share with the one that it goes on from, or the two would not be one training."""
    return {**run.settings, "callbacks": [callback_settings(callback) for callback in run.callbacks]}


def lasting_settings(run: Training) -> dict[str, Any]:
    """Those that stay as they are for the life of a training: its program, data and batches, as digests."""
    return {
        "program": digest([np.frombuffer(str(run.program).encode(), dtype=np.uint8)]),
        "data": digest([*run.inputs.values(), *(run.validation or ())]),
        "rows": len(run.X),
        "engine": run.engine.name,
        "dtype": run.engine.dtype.name,
        "seed": run.seed,
        "steps_per_epoch": run.sampler.steps_per_epoch,
        "batches": digest([run.sampler.offsets, run.sampler.natural]),
        "shuffle": run.sampler.shuffle,
    }


def callback_settings(callback: Any) -> dict[str, Any]:
    """The name of a callback and what it was declared with."""
    names = ("monitor", "patience", "min_delta", "grows", "factor", "minimum")
    return {"name": type(callback).__name__} | {n: getattr(callback, n) for n in names if hasattr(callback, n)}


def resume(run: Training, snapshot: Snapshot) -> None:
    """Make a new training go on from a snapshot; everything is checked before anything is changed.

    Raises
        ValueError: other data, another program, another setting; arrays or numbers that cannot be of this training.
    """
    mine = settings_of(run)
    different = [name for name in mine if mine[name] != snapshot.settings.get(name)]
    if different:
        name = different[0]
        told = f": it was {snapshot.settings.get(name)}, now it is {mine[name]}" if name in SHOWN else ""
        raise ValueError(f"the {WORDS.get(name, name)} of the training has changed{told}")
    checked = Checked(run, snapshot)
    for part, arrays in (("parameter", run.parameters), ("state", run.state)):
        for name, array in arrays.items():
            array[...] = snapshot.arrays[f"{part}.{name}"]
    run.t, run.sampler.step = checked.t, checked.step
    run.hyperparameters.update(checked.hyperparameters)
    run.sampler.random.set_state(
        {
            "bit_generator": "MT19937",
            "state": {"key": snapshot.arrays["random_key"], "pos": checked.position},
            "has_gauss": 0,
            "gauss": 0.0,
        }
    )
    run.recorded = [snapshot.arrays["losses"]]
    for name, values in run.entries.items():
        values[:] = snapshot.arrays[f"history.{name}"].tolist()
    if checked.step:
        run.sampler.order, run.unfinished = snapshot.arrays["order"], [snapshot.arrays["unfinished"]]
    run.snapshot = snapshot


SHOWN = ("engine", "dtype", "seed", "rows", "steps_per_epoch", "shuffle")
WORDS = {"program": "network or step", "steps_per_epoch": "number of steps per epoch"}


def resume_callbacks(run: Training, snapshot: Snapshot) -> bool:
    """Give every callback back what it kept; whether one of them had ended the training."""
    for i, callback in enumerate(run.callbacks):
        callback.resume({n.partition(".")[2]: a for n, a in snapshot.arrays.items() if n.startswith(f"callback{i}.")})
    return bool(snapshot.numbers["stopped"])


class Checked:
    """The numbers of a snapshot, known to be possible; its arrays, known to fit.  ValueError otherwise."""

    def __init__(self, run: Training, snapshot: Snapshot) -> None:
        numbers, arrays, steps = snapshot.numbers, snapshot.arrays, run.sampler.steps_per_epoch
        self.t = whole(numbers, "t", 0, 2**53)
        self.step = whole(numbers, "step", 0, steps - 1)
        self.position = whole(numbers, "random_position", 0, KEY_WORDS)
        expect(self.t % steps == self.step and isinstance(numbers.get("stopped"), bool), "counters")
        given = numbers.get("hyperparameters")
        expect(isinstance(given, dict), "hyperparameters")
        self.hyperparameters: dict[str, Any] = given or {}
        expect(set(self.hyperparameters) == set(run.hyperparameters), "hyperparameters")
        for value in self.hyperparameters.values():
            expect(isinstance(value, (int, float)) and not isinstance(value, bool), "hyperparameters")
            expect(0 <= value < float("inf"), "hyperparameters")
        wanted: dict[str, tuple[tuple[int, ...], str]] = {}
        for part, weights in (("parameter", run.parameters), ("state", run.state)):
            wanted |= {f"{part}.{name}": (array.shape, array.dtype.name) for name, array in weights.items()}
        wanted |= {f"history.{name}": ((self.t // steps,), "float64") for name in run.entries}
        wanted |= {"losses": ((self.t,), ""), "random_key": ((KEY_WORDS,), "uint32")}
        if self.step:
            wanted |= {"order": ((len(run.sampler.natural),), "int64"), "unfinished": ((self.step,), "")}
        self.check_arrays(arrays, wanted)
        if self.step:
            expect(np.array_equal(np.sort(arrays["order"]), np.sort(run.sampler.natural)), "order")
        for name, array in arrays.items():
            if name.startswith(("parameter.", "state.")):
                expect(bool(np.isfinite(array).all()), name)
        for i, callback in enumerate(run.callbacks):
            self.check_callback(f"callback{i}.", callback.state(), arrays, run)

    def check_arrays(self, arrays: Arrays, wanted: dict[str, tuple[tuple[int, ...], str]]) -> None:
        found = {name for name in arrays if not name.startswith("callback")}
        expect(found == set(wanted), "list of arrays")
        for name, (shape, dtype) in wanted.items():
            array = arrays[name]
            fits = array.dtype.name == dtype if dtype else array.dtype.kind == "f"
            expect(fits and array.shape == shape, name)

    def check_callback(self, prefix: str, fresh: Arrays, arrays: Arrays, run: Training) -> None:
        """What callbacks keep: the same numbers as a fresh one has, and besides them weights like those of the run."""
        given = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        expect(set(fresh) <= set(given), prefix)
        like = {f"kept_parameter.{n}": a for n, a in run.parameters.items()}
        like |= {f"kept_state.{n}": a for n, a in run.state.items()}
        extra = set(given) - set(fresh)
        expect(not extra or extra == set(like), prefix)
        for name, array in given.items():
            model = fresh[name] if name in fresh else like[name]
            expect(array.shape == model.shape and array.dtype == model.dtype, prefix + name)
            expect(name in fresh or bool(np.isfinite(array).all()), prefix + name)
        if "best_epoch" in given:
            expect(bool(extra) == bool(given["best_epoch"]), prefix)
            expect(0 <= int(given["best_epoch"]) <= self.t // run.sampler.steps_per_epoch, prefix)


def whole(numbers: dict[str, Any], name: str, least: int, most: int) -> int:
    value = numbers.get(name)
    expect(isinstance(value, int) and not isinstance(value, bool) and least <= value <= most, name)
    return int(value)  # type: ignore[arg-type]  # just checked


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"it does not fit this training: its {what.strip('.')}")


def digest(arrays: Iterable[Array]) -> str:
    """SHA-256 of arrays, shapes and types included."""
    made = hashlib.sha256()
    for array in arrays:
        made.update(f"{array.dtype.str} {array.shape};".encode())
        made.update(np.ascontiguousarray(array).data)
    return made.hexdigest()


def digest_of_weights(run: Training) -> str:
    """SHA-256 of parameters and state."""
    return digest([*run.parameters.values(), *run.state.values()])
