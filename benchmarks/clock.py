"""Contenders take turns: what else the machine does hits all of them, and medians forget it."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from .cases import Case
from .contenders import Contender

MOST_ROWS = 2**20  # of whose order a sample may be made: the list of them should stay in the cache


@dataclass(frozen=True)
class Effort:
    """How long to look: seconds a sample, and samples of each contender."""

    seconds: float = 0.2
    rounds: int = 9


@dataclass(frozen=True)
class Sampled:
    """Seconds for one of what was timed."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """Between the quartiles, relative to the median."""
        if len(self.samples) < 4:
            return (max(self.samples) - min(self.samples)) / self.median
        low, _, high = statistics.quantiles(self.samples, n=4)
        return (high - low) / self.median


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Clock:
    """Which seconds count: those that passed, or those in which this process ran. The second forgets what others did
    meanwhile, but not what they left of the caches."""

    known: ClassVar = {"wall": time.perf_counter, "cpu": time.process_time}
    now: Callable[[], float] = staticmethod(time.perf_counter)


def seconds(work: Callable[[], object]) -> float:
    now = Clock.now
    started = now()
    work()
    return now() - started


def interleaved(timed: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Sampled]:
    """Each of them once a round, beginning with another one every round. They time themselves."""
    samples: dict[str, list[float]] = {key: [] for key in timed}
    order = list(timed)
    with without_garbage_collection():
        for _ in range(rounds):
            for key in order:
                samples[key].append(timed[key]())
            order = order[1:] + order[:1]
    return {key: Sampled(tuple(values)) for key, values in samples.items()}


def time_steps(
    runners: Mapping[str, Contender],
    case: Case,
    effort: Effort,
    beside: Mapping[str, Callable[[], float]] | None = None,
) -> dict[str, Sampled]:
    """Seconds a step. Every sample begins with the initial weights, so that all do the same work; orders are drawn
    before the clock starts.

    beside  what is measured in turn with them, and times itself: the floor
    """
    timers = {key: steps_timer(runner, case, effort.seconds) for key, runner in runners.items()}
    return interleaved({**timers, **(beside or {})}, effort.rounds)


def steps_timer(runner: Contender, case: Case, wanted: float) -> Callable[[], float]:
    """A function that times about `wanted` seconds of steps, warmed up."""
    source = case.blocks()

    def timed(count: int) -> float:
        blocks = case.take(count, source)
        runner.reset()
        return seconds(lambda: runner.run(blocks))

    timed(1)
    count, most = 1, max(1, MOST_ROWS // case.rows)
    while (took := timed(count)) < wanted / 2 and count < most:
        count = min(most, max(count + 1, int(count * min(20.0, wanted / max(took, 1e-9)))))
    return lambda: timed(count) / (count * case.block)


def time_calls(calls: Mapping[str, Callable[[], object]], effort: Effort) -> dict[str, Sampled]:
    """Seconds a call of something short."""

    def timer(call: Callable[[], object]) -> Callable[[], float]:
        def timed(count: int) -> float:
            def repeat() -> None:
                for _ in range(count):
                    call()

            return seconds(repeat)

        timed(10)
        count = max(10, int(effort.seconds / max(timed(20) / 20, 1e-9) / 4))
        return lambda: timed(count) / count

    return interleaved({key: timer(call) for key, call in calls.items()}, effort.rounds)
