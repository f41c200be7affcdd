"""Model files: all that prediction needs, in one safetensors file.

Arrays: the parameters and the running statistics, by the names of the program. Record: `network`, the declaration as in
a network file; `preparation`, how a table becomes X (null where the model was trained on arrays); `provenance`, where
it comes from: version, seed, rows, scores.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import DataError, Preparation, shown_path
from .atomic import check_target, replace_file
from .errors import FileError
from .network_file import NetworkFile
from .tensors import Array, Contents, kind_at, read_tensors, to_bytes

if TYPE_CHECKING:
    from ..program.steps import Program, Variable

FORMAT, CALLED = "chainrule model 1", "model file"
PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Model:
    """A trained network.

    network         the complete declaration
    parameters      name -> array, as the program orders them; statistics: the running mean and variance of batch norm
    preparation     from a table to X and back; None where there is none
    provenance      plain data: names -> numbers, texts, or one more level of these
    """

    network: NetworkFile
    parameters: Mapping[str, Array]
    statistics: Mapping[str, Array]
    preparation: Preparation | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dtype(self) -> str:
        """float32 or float64."""
        return str(next(iter(self.parameters.values())).dtype.name)

    def to_bytes(self) -> bytes:
        """The file."""
        record = {
            "network": self.network.to_dict(),
            "preparation": None if self.preparation is None else self.preparation.to_dict(),
            "provenance": dict(self.provenance),
        }
        return to_bytes(FORMAT, record, {**self.parameters, **self.statistics})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it, durably; a model that is there already is replaced in one go.

        Raises
            DataError: it cannot be written, or what is there is no model.
        """
        target = Path(path)
        check_model_target(target)
        replace_file(target, self.to_bytes())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """The model in a file.  DataError: there is none, or it is damaged, and why."""
        return cls.from_contents(read_tensors(path, FORMAT, CALLED), shown_path(path))

    @classmethod
    def from_contents(cls, contents: Contents, source: str) -> Model:
        record = contents.record
        if set(record) != {"network", "preparation", "provenance"}:
            raise FileError(f"{source}: its record must hold just network, preparation, provenance")
        network = NetworkFile.from_dict(record["network"], f"{source}, network")
        program = derived(network, source)
        parameters, statistics = checked(contents.arrays, program, source)
        preparation = None
        if record["preparation"] is not None:
            try:
                preparation = Preparation.from_dict(record["preparation"])
            except DataError as error:
                raise FileError(f"{source}, {error}") from None
            check_fits(preparation, network, source)
        return cls(network, parameters, statistics, preparation, check_provenance(record["provenance"], source))


def derived(network: NetworkFile, source: str) -> Program:
    if network.loss is None or network.optimizer is None:
        raise FileError(f"{source}: its network must declare loss and optimizer")
    try:
        return network.derive()
    except ValueError as error:
        raise FileError(f"{source}: {error}") from None


def checked(arrays: Mapping[str, Array], program: Program, source: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """Parameters and statistics in the order of the program, known to fit it."""
    statistics = program.statistics
    wanted: dict[str, Variable] = {**program.parameters, **statistics}
    for name in wanted:
        if name not in arrays:
            raise FileError(f"{source}: its network has {name}, but the file does not")
    for name in arrays:
        if name not in wanted:
            raise FileError(f"{source}: the file has {name}, which its network has not")
    dtypes = {array.dtype.name for array in arrays.values()}
    if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
        raise FileError(f"{source}: its arrays must all be float32, or all float64")
    for name, variable in wanted.items():
        shape = tuple(int(n) for n in variable.shape)
        if arrays[name].shape != shape:
            raise FileError(f"{source}: {name} has shape {arrays[name].shape}, its network needs {shape}")
        if not np.isfinite(arrays[name]).all():
            raise FileError(f"{source}: {name} holds a value that is not finite")
        if "variance" in name and (arrays[name] < 0).any():
            raise FileError(f"{source}: {name} holds a value below 0")
    return {name: arrays[name] for name in program.parameters}, {name: arrays[name] for name in statistics}


def check_fits(preparation: Preparation, declared: NetworkFile, source: str) -> None:
    """Refuse a preparation that makes other columns than the network takes or gives."""
    inputs, outputs = declared.network.inputs, declared.network.outputs
    if preparation.width != inputs:
        raise FileError(f"{source}: its preparation makes {preparation.width} columns, its network takes {inputs}")
    if outputs != preparation.outputs and not (outputs == 1 and len(preparation.classes) == 2):
        raise FileError(f"{source}: its preparation has {preparation.outputs} outputs, its network {outputs}")


def check_provenance(data: object, source: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise FileError(f"{source}: provenance must be an object")
    for value in data.values():
        inner = list(value.values()) if isinstance(value, dict) else [value]
        if not all(isinstance(item, PLAIN) for item in inner):
            raise FileError(f"{source}: provenance must hold numbers and texts")
    return data


def check_model_target(path: Path, option: str = "the model") -> None:
    """Refuse, before any training, a place where no model can be written, or where something else is."""
    check_target(path, option)
    if path.exists() and kind_at(path) != FORMAT:
        raise FileError(f"{option} {shown_path(path)}: there is a file that is no model; choose another name")
