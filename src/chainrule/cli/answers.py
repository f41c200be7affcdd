"""What the outputs of a trained network mean: classes and probabilities, or a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..data import Preparation, Table
    from ..engines.engine import Array
    from ..files import Model

PROBABILITIES = ("sigmoid", "softmax")


@dataclass(frozen=True)
class Predictor:
    """A model with an engine, ready for tables."""

    model: Model
    preparation: Preparation
    engine: Any
    parameters: dict[str, Array]
    state: dict[str, Array]

    @classmethod
    def of(cls, model: Model, name: str, engine: str) -> Predictor:
        """ValueError: an unknown engine, or a model without the preparation of its columns."""
        import numpy as np

        from ..engines import make_engine
        from ..training.start import draw

        if model.preparation is None:
            raise ValueError(f"{name} was trained on arrays: it does not say what the columns of a table mean to it")
        program = model.network.derive()
        made = make_engine(program, engine, model.dtype)
        parameters, state = draw(program, np.random.RandomState(0), made.dtype)
        for mine, given in ((parameters, model.parameters), (state, model.statistics)):
            for key, array in given.items():
                mine[key][...] = array
        return cls(model, model.preparation, made, parameters, state)

    def outputs(self, table: Table) -> Array:
        """The outputs (N, K) of the network."""
        X = self.preparation.transform(table).astype(self.engine.dtype)
        made: Array = self.engine.predict(X, self.parameters, self.state)
        return made

    def columns(self, table: Table) -> dict[str, list[str]]:
        """The columns that a prediction adds to a table, as text."""
        import numpy as np

        outputs, classes = self.outputs(table), self.preparation.classes
        if not classes:
            scaled = self.model.network.loss is not None and self.model.network.loss.target == "real"
            values = np.asarray(self.preparation.inverse_target(outputs) if scaled else outputs)[:, 0]
            return {"prediction": self.texts(values)}
        if outputs.shape[1] == 1:
            outputs = np.concatenate([1 - outputs, outputs], axis=1)
            chosen = (outputs[:, 1] > 0.5).astype(int)
        else:
            chosen = outputs.argmax(axis=1)
        last = self.model.network.network.layers[-1].activation_name
        kind = "probability" if last in PROBABILITIES and self.sums_to_one else "output"
        added = {"prediction": [classes[i] for i in chosen.tolist()]}
        return added | {f"{kind}_{label}": self.texts(outputs[:, i]) for i, label in enumerate(classes)}

    @property
    def sums_to_one(self) -> bool:
        """Whether the outputs are a distribution: softmax, or one sigmoid for two classes."""
        network = self.model.network.network
        return network.outputs == 1 or network.layers[-1].activation_name == "softmax"

    def texts(self, values: Array) -> list[str]:
        """Numbers with as many digits as they have."""
        digits = ".9g" if self.engine.dtype.name == "float32" else ".17g"
        return [format(value, digits) for value in values.tolist()]
