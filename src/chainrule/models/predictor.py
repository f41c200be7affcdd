"""A trained network with an engine: what its outputs mean, classes and probabilities, or a number."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import DataError, Preparation, Table, as_table, check_features, listed, read_table
from ..data.frame import mixed
from ..engines import make_engine
from ..training.start import draw
from .by_position import by_position

if TYPE_CHECKING:
    from ..engines.engine import Array, Arrays, Engine
    from ..files import Model
    from ..network import Network



@dataclass(frozen=True)
class Predictor:
    """A trained network, ready for new rows.

        model = cr.load("iris.safetensors")
        model.predict("new.csv")                                    # (N,) labels, or numbers
        model.predict_proba({"sepal_length": [5.1], ...})           # (N, K), as model.classes has them

    Rows are a data frame, the name of a CSV or Parquet file, a dict of columns, a list of dicts, or an array; columns
    are found by name, their order does not matter, further ones are ignored. A model that was trained on arrays
    takes arrays (N, D), and `predict` gives its outputs.

    model       what the file holds: network, weights, preparation, provenance
    name        what messages call it
    """

    model: Model
    engine: Engine
    parameters: Arrays
    state: Arrays
    name: str

    @classmethod
    def of(
        cls,
        model: Model,
        name: str = "the model",
        engine: str = "auto",
        library: str | os.PathLike[str] | None = None,
        threads: int = 1,
    ) -> Predictor:
        """ValueError: an unknown engine."""
        program = model.network.derive()
        made = make_engine(program, engine, model.dtype, library=library, threads=threads)
        parameters, state = draw(program, np.random.RandomState(0), made.dtype)
        for mine, given in ((parameters, model.parameters), (state, model.statistics)):
            for key, array in given.items():
                mine[key][...] = array
        return cls(model, made, parameters, state, name)

    # --- what it is ---

    @property
    def network(self) -> Network:
        """The layers."""
        return self.model.network.network

    @property
    def preparation(self) -> Preparation:
        """From a table to X and back; of a model that was trained on arrays by position: see `by_position`.

        Raises
            ValueError: the model was trained on arrays and gives several numbers, which no column of a table is for.
        """
        found = self.model.preparation or by_position(self.network, self.model.network.loss)
        if found is None:
            raise ValueError(
                f"{self.name} was trained on arrays and gives {self.network.outputs} numbers: it does not say what "
                "they mean in a table"
            )
        return found

    @property
    def classes(self) -> tuple[str, ...]:
        """The K classes, in the order of `predict_proba`; none in a regression or of a model trained on arrays."""
        return self.model.preparation.classes if self.model.preparation is not None else ()

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where it comes from: version, seed, rows, scores."""
        return self.model.provenance

    @property
    def scaled(self) -> bool:
        """Whether the output is a standardised number: losses for targets within bounds take them as they are."""
        loss = self.model.network.loss
        return not self.preparation.classes and loss is not None and loss.target == "real"

    @property
    def kind(self) -> str:
        """`probability` where the outputs of a row are a distribution: softmax, or one sigmoid for two classes."""
        formula = self.network.layers[-1].activation_formula
        found = formula.probability if formula is not None else ""
        return "probability" if found == "row" or (found == "element" and self.network.outputs == 1) else "output"

    # --- what it answers ---

    def table(self, rows: Any) -> Table:
        """The rows as a table that has the columns of the model.  DataError: columns that it lacks, all of them."""
        if isinstance(rows, str | os.PathLike):
            table = read_table(rows)
        elif isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
            names = list(dict.fromkeys(str(name) for row in rows for name in row))
            columns = {name: mixed([row.get(name) for row in rows], name, "the rows") for name in names}
            table = as_table(columns, "the rows")
        else:
            table = as_table(rows)
        missing = [feature.name for feature in self.preparation.features if feature.name not in table.names]
        if missing:
            word = "column" if len(missing) == 1 else "columns"
            raise DataError(
                f"{table.source} lacks the {word} {listed(missing)}, which the model was trained with; "
                f"it has {listed(table.names)}"
            )
        return table

    def outputs(self, rows: Any) -> Array:
        """The outputs (N, K) of the network."""
        if self.model.preparation is None and not isinstance(rows, str | os.PathLike | Table | Mapping):
            X = check_features(rows, width=self.network.inputs, dtype=self.engine.dtype)
        else:
            X = self.preparation.transform(self.table(rows)).astype(self.engine.dtype)
        return self.engine.predict(X, self.parameters, self.state)

    def predict(self, rows: Any) -> Any:
        """(N,) labels as texts, or numbers in the units of the table; the outputs (N, K) of a model without a table.

        Raises
            DataError: missing columns, all of them named; a cell that is no number, with row and column.
        """
        outputs = self.outputs(rows)
        if self.model.preparation is None:
            return outputs
        if not self.classes:
            return self.numbers(outputs)
        return np.array(self.classes)[self.chosen(outputs)]

    def predict_proba(self, rows: Any) -> Array:
        """(N, K) probabilities of `classes`.  ValueError: a regression, or outputs that are no probabilities."""
        if not self.classes or self.kind != "probability":
            raise ValueError(f"{self.name}: its outputs are no probabilities of classes; outputs() gives what they are")
        return self.for_classes(self.outputs(rows))

    def numbers(self, outputs: Array) -> Array:
        """The numbers (N,) that outputs (N, 1) stand for, in the units of the table."""
        values = self.preparation.inverse_target(outputs) if self.scaled else outputs
        return np.asarray(values)[:, 0]

    def for_classes(self, outputs: Array) -> Array:
        """Outputs with a column for each class: one output is that of the second of two classes."""
        return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs

    def chosen(self, outputs: Array) -> Any:
        """The class (N,) that outputs stand for, as a position in `classes`."""
        return (outputs[:, 0] > 0.5).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)

    def columns(self, table: Table) -> dict[str, list[str]]:
        """The columns that a prediction adds to a table, as text."""
        outputs, classes = self.outputs(table), self.preparation.classes
        if not classes:
            return {"prediction": self.texts(self.numbers(outputs))}
        columns = self.for_classes(outputs)
        added = {"prediction": [classes[i] for i in self.chosen(outputs).tolist()]}
        return added | {f"{self.kind}_{label}": self.texts(columns[:, i]) for i, label in enumerate(classes)}

    def texts(self, values: Array) -> list[str]:
        """Numbers with as many digits as they have."""
        digits = ".9g" if self.engine.dtype.name == "float32" else ".17g"
        return [format(value, digits) for value in values.tolist()]

    # --- where it goes ---

    def source(self, language: str = "numpy", **options: Any) -> str:
        """A program that predicts on its own: the network, its weights, the preparation, the labels.

        numpy, jax      reads a CSV and prints answers; `predict_rows` takes dicts. Needs the library, nothing else
        javascript      an ES module for browsers with `predictRows`; with node it reads a CSV and prints answers
        c               C99 for any device, with `predict_row` and `self_test`; a main program on request
        options         those of the language: `notes`; of C `prefix`

        Raises
            ValueError: a model that was trained on arrays; an unknown language or option.
        """
        from ..writers import write
        from .standalone import trained_model

        return write(self.engine.program, language, form="predictor", model=trained_model(self), **options)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it, durably.  DataError: it cannot be written, or what is there is no model."""
        self.model.save(path)

    def to_onnx(self) -> bytes:
        """The model as an ONNX file, its preparation included; needs the extra `onnx`.

        Inputs are the columns of the table by name, (N, 1): numbers as double, NaN where one is missing, and texts
        without blanks around them. Outputs are prediction (N,) and with classes probability (N, K). Trained on arrays:
        X (N, D) in, prediction (N, K) out.
        """
        from .onnx_file import to_onnx

        return to_onnx(self)

    def __repr__(self) -> str:
        return f"<Predictor {self.network.notation}, {self.model.dtype}, on {self.engine.name}>"
