"""The guided path: every number that a chapter says comes out of a run, and every chapter can be walked."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.files import NetworkFile
from chainrule.lab import answers
from chainrule.lab.experiment import Experiment
from chainrule.lab.path import CHAPTERS, USUAL, way
from chainrule.messages import LANGUAGES, catalogue

BY_NAME = {chapter.name: chapter for chapter in CHAPTERS}
ROOT = Path(__file__).parents[2]


class Seen:
    """What the page shows of an experiment at its epoch."""

    def __init__(self, fragment: str) -> None:
        place = Experiment.of(fragment)
        data = answers.data(place.data_body())
        body = place.program_body(data)
        network = {"format": "chainrule network 1", "inputs": data["inputs"], **body["network"]}
        self.program = NetworkFile.from_dict(network, "network").derive()
        for name, text in place.edits:
            self.program = self.program.replace(name, text)
        X, y = (self.part(data, "training", name) for name in ("X", "y"))
        epochs = int((re.search(r"epoch=(\d+)", fragment) or [0, 0])[1])
        settings: dict[str, Any] = {"batch_size": place.batch, "seed": place.seed, "dtype": "float64"}
        self.run = cr.Training(self.program, X, y, epochs=epochs, **settings).fit()
        self.loss = self.run.evaluate(X, y)["loss"]
        self.values = cr.trace(cr.observed(self.program), X, y, self.run.parameters)
        held = [self.part(data, "test" if data["test"]["count"] else "training", name) for name in ("X", "y")]
        self.right = float(np.mean((self.run.predict(held[0]) > 0.5) == (held[1] > 0.5)))
        self.counts = len(X) + data["test"]["count"], data["test"]["count"]

    @staticmethod
    def part(data: dict[str, Any], part: str, name: str) -> Any:
        return np.reshape(data[part][name], (data[part]["count"], -1))


@cache
def seen(name: str, index: int = 0) -> Seen:
    return Seen(BY_NAME[name].ways[index].fragment)


def slope_at(z: float) -> float:
    program = cr.derive(cr.Network.parse("1-1", output="sigmoid", bias=False))
    return float(cr.trace(program, [[z]], [0], {"W1": [[1.0]]})["slope1"][0, 0])


def facts(name: str) -> dict[str, float]:
    """The numbers of a chapter, from runs."""
    if name in ("slope", "descent"):
        made = cr.descend("x^2 - 4x + 6", 8, 0.1)
        x = made.paths["gradient_descent"].points[:, 0]
        slopes = [float(made.curve.slope(np.array([at]))[0]) for at in x]
        newton = len(made.paths["newton"].points) - 1
        return {"x": x[0], "slope": slopes[0], "rate": 0.1, "third": slopes[3], "ten": x[10], "newton": newton}
    if name == "derivative":
        return {"peak": slope_at(0), "one": slope_at(1), "minus_two": slope_at(-2), "far": slope_at(20)}
    at = [seen(name, i) for i in range(len(BY_NAME[name].ways))]
    v = at[0].values
    match name:
        case "why":
            return {part: v[f"{part}2"][2, 0] for part in ("error", "slope", "delta")}
        case "confidence":
            return {"a": v["a2"][0, 0], "slope": v["slope2"][0, 0], "before": seen("why").values["slope2"][0, 0]}
        case "cube":
            return dict(zip(("derived", "plain", "cubed"), [s.loss for s in at], strict=True))
        case "data":
            return {"rows": at[0].counts[0], "held": at[0].counts[1], "right": at[0].right}
        case "weight":
            delta = v["delta1"][2, 0]
            return {"input": 1, "delta": delta, "pull": 1 * delta, "sum": v["dW1"][0, 0]}
        case "ready":
            assert len(set(v["saturated1"].ravel())) == 1
            early = Seen(BY_NAME[name].ways[0].fragment.replace("epoch=10000", "epoch=100"))
            assert early.values["saturated1"].argmax() == 2  # unit 3, and no other
            assert early.values["saturated1"].sum() == early.values["saturated1"][2]
            early_share = early.values["saturated1"][2]
            return {"output": v["saturated2"][0], "hidden": v["saturated1"][0], "early": early_share}
        case "hidden":
            first, none, unit = (at[i].values[f"correlation{k}"].ravel() for i, k in ((0, 0), (1, 0), (2, 1)))
            found = {"first": first[0], "none": abs(none).max(), "unit": abs(unit).max()}
            return found | {f"loss_{w.name}": s.loss for w, s in zip(BY_NAME[name].ways, at, strict=True)}
        case "shapes":
            return dict(zip(("few", "many", "slow"), [s.right for s in at], strict=True))
        case "last":
            count = sum(values.size for values in at[0].run.parameters.values())
            return {"weights": count, "first": at[0].loss, "last": at[1].loss}
    raise AssertionError(name)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_numbers_of_a_chapter_come_out_of_runs(name):
    said = {**BY_NAME[name].facts, **BY_NAME[name].shares}
    found = facts(name)
    assert {key: found[key] for key in said} == pytest.approx(said, rel=5e-6, abs=1e-12)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chapter_has_its_texts_and_they_name_what_is_on_the_screen(language):
    texts = catalogue(language)
    for chapter in CHAPTERS:
        for part in ("title", "text", "look", "try", "done"):
            text = texts[f"path.{chapter.name}_{part}"]
            assert set(re.findall(r"\{(\w+)\}", text)) <= {*chapter.facts, *chapter.shares}
            assert set(re.findall(r"\[(.*?)\]", text)) <= set(texts)
        if len(chapter.ways) > 1:
            assert all(f"path.way_{found.name}" in texts for found in chapter.ways)
    own = {key for key in texts if key.startswith("path.")}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "web/src").rglob("*.svelte"))
    parts = {f"path.{c.name}_{part}" for c in CHAPTERS for part in ("title", "text", "look", "try", "done")}
    ways = {f"path.way_{found.name}" for c in CHAPTERS for found in c.ways}
    assert own <= parts | ways | set(re.findall(r'"(path\.[a-z_]+)"', source))


def test_an_experiment_is_what_its_link_says():
    assert Experiment.of(way("only", "network", USUAL).fragment) == Experiment()
    edited = Experiment.of(BY_NAME["cube"].ways[2].fragment)
    assert dict(edited.edits) == {"error2": "(a2 - y)**3"}
    json.dumps(edited.program_body(answers.data(edited.data_body())), allow_nan=False)
