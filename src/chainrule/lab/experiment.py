"""The state of an experiment as the address of the page holds it, and the questions that the page asks about it.

The page has the same in `web/src/core/experiment.ts`; a walk through a page without a server shows that they agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

MOST_SAMPLED = 40


@dataclass(frozen=True)
class Experiment:
    """What a link says: `#data=circle:200:0.1:0.3:1&layers=6:tanh;4:tanh&...`.

    data        set, points, noise, share of test rows, seed
    layers      units and activation of each hidden layer
    batch       rows in a batch; None: all
    """

    data: tuple[str, int, float, float, int] = ("circle", 200, 0.1, 0.3, 1)
    inputs: tuple[str, ...] = ()
    layers: tuple[tuple[int, str], ...] = ((6, "tanh"), (4, "tanh"))
    output: str = "sigmoid"
    loss: str = "binary_cross_entropy"
    bias: bool = True
    initial: str = "glorot"
    batch_norm: bool = False
    dropout: float = 0.0
    optimizer: str = "gradient_descent"
    rate: float = 0.3
    l1: float = 0.0
    l2: float = 0.0
    batch: int | None = 10
    seed: int = 1
    edits: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, fragment: str) -> Experiment:
        """What a complete fragment says.  ValueError, KeyError: it is none that the page writes."""
        read = {key: values[0] for key, values in parse_qs(fragment.lstrip("#"), keep_blank_values=True).items()}
        name, points, noise, test, seed = read["data"].split(":")
        optimizer, rate = read["optimizer"].split(":")
        layers = [layer.partition(":") for layer in read.get("layers", "").split(";") if layer]
        return cls(
            data=(name, int(points), float(noise), float(test), int(seed)),
            inputs=tuple(text for text in read.get("inputs", "").split(";") if text),
            layers=tuple((int(units), activation) for units, _, activation in layers),
            output=read["output"], loss=read["loss"], bias=read.get("bias", "") != "none",
            initial=read.get("initial", "glorot"), batch_norm=read.get("norm", "") == "batch",
            dropout=float(read.get("dropout", 0)), optimizer=optimizer, rate=float(rate),
            l1=float(read.get("l1", 0)), l2=float(read.get("l2", 0)),
            batch=None if read["batch"] == "all" else int(read["batch"]), seed=int(read["seed"]),
            edits=tuple(json.loads(read.get("edits", "{}")).items()),
        )  # fmt: skip

    def data_body(self) -> dict[str, Any]:
        """What the page asks of `data`."""
        name, points, noise, test, seed = self.data
        return {"set": name, "points": points, "noise": noise, "test": test, "seed": seed, "inputs": list(self.inputs)}

    def program_body(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the page asks of `program`, of a network for this data."""
        rows = data["training"]["count"]
        body = {
            "columns": data["columns"], "inputs": list(self.inputs), "network": self.network(data["outputs"]),
            "rows": rows, "batch": None if self.batch is None or self.batch >= rows else self.batch,
            "edits": dict(self.edits),
        }  # fmt: skip
        if self.edits:
            count = max(1, min(rows, MOST_SAMPLED, 5000 // max(data["inputs"], data["outputs"])))
            body["X"] = data["training"]["X"][: count * data["inputs"]].tolist()
            body["y"] = data["training"]["y"][: count * data["outputs"]].tolist()
        return body

    def network(self, outputs: int) -> dict[str, Any]:
        """The network file, all but its format and inputs."""
        start = {} if self.initial == "auto" else {"initial": self.initial}
        layers: list[dict[str, Any]] = []
        for units, activation in self.layers:
            more = {"batch_norm": True} if self.batch_norm else {"bias": self.bias}
            layers.append({"layer": "dense", "units": units, "activation": activation, **more, **start})
            if self.dropout > 0:
                layers.append({"layer": "dropout", "rate": self.dropout})
        layers.append({"layer": "dense", "units": outputs, "activation": self.output, "bias": self.bias, **start})
        optimizer = {"name": self.optimizer, "rate": self.rate}
        network: dict[str, Any] = {"layers": layers, "loss": self.loss, "optimizer": optimizer}
        if self.l1 > 0 and self.l2 > 0:
            network["penalty"] = {"name": "elastic_net", "l1": self.l1, "l2": self.l2}
        elif self.l1 > 0 or self.l2 > 0:
            name = "l1" if self.l1 > 0 else "l2"
            network["penalty"] = {"name": name, "strength": self.l1 or self.l2}
        return network


__all__ = ["Experiment"]
