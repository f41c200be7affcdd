"""A small model and a small checkpoint for the tests of this room."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from chainrule.data import Preparation, Table, find_roles
from chainrule.files import Checkpoint, Model, NetworkFile

TABLE = Table.from_columns(
    {"length": [1.0, 2.0, 4.0, 3.0], "colour": ["red", "blue", "red", "green"], "kind": ["a", "b", "a", "b"]}
)


def declared(**options: Any) -> NetworkFile:
    network = cr.Network(4, [cr.Dense(3, "tanh", **options), cr.Dense(1, "sigmoid")])
    return NetworkFile.of(cr.derive(network, "binary_cross_entropy", cr.Adam(0.01)).declaration)


def arrays(network: NetworkFile, dtype: str = "float32") -> tuple[dict[str, Any], dict[str, Any]]:
    program = network.derive()
    random = np.random.RandomState(0)

    def drawn(shape: tuple[Any, ...]) -> Any:
        return random.random_sample(tuple(int(n) for n in shape)).astype(dtype)

    parameters = {name: drawn(variable.shape) for name, variable in program.parameters.items()}
    state = {name: drawn(v.shape) for name, v in program.statistics.items()}
    return parameters, state


def a_model(dtype: str = "float32", **options: Any) -> Model:
    network = declared(**options)
    preparation = Preparation.fit(TABLE, find_roles(TABLE, "kind"))
    provenance = {"chainrule": "0.1.0", "rows": 4, "scores": {"accuracy": 0.5}}
    return Model(network, *arrays(network, dtype), preparation, provenance)


def a_checkpoint(epoch: int = 2) -> Checkpoint:
    network = declared()
    weights = {f"parameter.{name}": array * epoch for name, array in arrays(network)[0].items()}
    return Checkpoint(network.to_dict(), {"steps_per_epoch": 3}, {"t": 3 * epoch}, weights, {"chainrule": "0.1.0"})
