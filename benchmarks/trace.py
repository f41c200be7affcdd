"""What Chromium's tracing says: frames, and the CPU time of a thread's tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

CATEGORIES = ("toplevel", "benchmark", "viz", "devtools.timeline", "disabled-by-default-devtools.timeline.frame")
TASKS = ("ThreadControllerImpl::RunTask", "RunTask")


@dataclass(frozen=True)
class Answer:
    """What followed a key; times in milliseconds."""

    cpu: float  # of the tasks until the frame that shows it
    wait: float  # that passed until then
    after: float  # CPU time of what was done later
    asked: bool  # whether a worker had to do something


@dataclass
class Trace:
    """The events of a recording of one page; times in milliseconds."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def threads(self, name: str) -> set[tuple[int, int]]:
        """The threads whose name begins so, of the page that was recorded."""
        named = [e for e in self.events if e["name"] == "thread_name" and e["args"]["name"].startswith(name)]
        return {(event["pid"], event["tid"]) for event in named}

    def frames(self) -> list[float]:
        """From one frame that was shown to the next, of the process that showed most of them."""
        shown: dict[int, list[float]] = {}
        for event in self.events:
            if event["name"] == "DrawFrame":
                shown.setdefault(event["pid"], []).append(event["ts"] / 1000)
        times: list[float] = max(shown.values(), key=lambda found: len(found), default=[])
        return [later - earlier for earlier, later in pairwise(sorted(times))]

    def tasks(self, name: str) -> list[dict[str, Any]]:
        """The outermost tasks of these threads."""
        threads = self.threads(name)
        found = [e for e in self.events if e["name"] in TASKS and e["ph"] == "X" and (e["pid"], e["tid"]) in threads]
        outer, end = list[dict[str, Any]](), dict[tuple[int, int], float]()
        for event in sorted(found, key=lambda e: (e["ts"], -e.get("dur", 0))):
            thread = event["pid"], event["tid"]
            if event["ts"] >= end.get(thread, 0):
                outer.append(event)
                end[thread] = event["ts"] + event.get("dur", 0)
        return outer

    def busy(self, name: str) -> float:
        """CPU time of all tasks together."""
        return sum(cpu(event) for event in self.tasks(name))

    def answered(self, name: str) -> Answer:
        """What a key took until the frame that shows what it did, after the answer where a worker was asked."""
        threads = self.threads(name)
        own = [event for event in self.events if event["ph"] == "X" and (event["pid"], event["tid"]) in threads]
        key = next(e for e in own if e["name"] == "EventDispatch" and e["args"]["data"]["type"] == "keydown")
        frames = [end(e) for e in own if e["name"] == "ProxyMain::BeginMainFrame::commit" and e["ts"] > key["ts"]]
        answers = [e["ts"] for e in own if e["name"] == "HandlePostMessage" and key["ts"] < e["ts"] < max(frames)]
        last = max([key["ts"], *answers])
        shown = min(frame for frame in frames if frame > last)
        tasks = self.tasks(name)
        begun = max(task["ts"] for task in tasks if task["ts"] <= key["ts"])
        after = sum(cpu(task) for task in tasks if task["ts"] > shown)
        way = sum(cpu(task) for task in tasks if begun <= task["ts"] <= shown)
        return Answer(way, (shown - key["ts"]) / 1000, after, bool(answers))


def end(event: dict[str, Any]) -> float:
    return float(event["ts"] + event["dur"])


def cpu(task: dict[str, Any]) -> float:
    """Milliseconds that the task had a processor."""
    return float(task.get("tdur", task.get("dur", 0))) / 1000


@dataclass
class Recording:
    """What was recorded, once it has ended."""

    found: Trace = field(default_factory=Trace)


@contextmanager
def recording(browser: Any, page: Any) -> Iterator[Recording]:
    """Record the page while the block runs; `found` is there behind it."""
    made = Recording()
    browser.start_tracing(page=page, categories=list(CATEGORIES))
    yield made
    made.found = Trace(json.loads(browser.stop_tracing())["traceEvents"])


__all__ = ["Answer", "Recording", "Trace", "recording"]
