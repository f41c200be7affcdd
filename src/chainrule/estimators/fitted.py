"""What a fitted estimator is: weights that anybody may change, the program they belong to, and predictions."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from operator import is_not
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from ..data import check_features
from ..derivation import Declaration
from ..engines.engine import Array, Arrays, packed
from ..program.steps import Program
from ..training.start import concrete
from .checks import is_plain
from .plans import Plan

if TYPE_CHECKING:
    from ..data import Preparation
    from ..files import Model

SPARSE = ["csr", "csc"]
PREDICT_BYTES = 64 * 2**20  # of a sparse X made dense at a time


class Ready(threading.local):
    """What predicting needs, kept from call to call: valid while coefs_ and intercepts_ hold the same arrays."""

    engine: Any = None
    row: Any = None  # from one row to its output
    shown: tuple[Any, ...] = ()


class Fitted(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type information
    """The weights are `coefs_` and `intercepts_`, and what is put there counts."""

    coefs_: list[Array]
    intercepts_: list[Array]
    n_layers_: int
    n_features_in_: int
    _declaration: Declaration
    _engine_name: str
    _library: Any = None
    _threads: int = 1
    _parameters: Arrays
    _state: Arrays
    _ready: Ready

    # --- weights ---

    def _shown(self, program: Program) -> Arrays:
        """The parameters that have a place in coefs_ and intercepts_: W, and b or with batch norm beta."""
        found: Arrays = {}
        for number, (coefs, intercepts) in enumerate(zip(self.coefs_, self.intercepts_, strict=True), start=1):
            found[f"W{number}"], found[offset(program, number)] = coefs, intercepts
        return found

    def _gathered(self, program: Program, dtype: Any) -> Arrays:
        """All parameters by name, with what coefs_ and intercepts_ hold, in one piece of memory of their own."""
        known, found = {**getattr(self, "_parameters", {}), **self._shown(program)}, dict[str, Any]()
        for name, variable in program.parameters.items():
            shape = concrete(variable.shape)
            found[name] = np.asarray(known.get(name, np.full(shape, variable.start)), dtype)
            if found[name].shape != shape:
                raise ValueError(
                    f"{name} has shape {found[name].shape}, the network needs {shape}: coefs_, intercepts_ or "
                    "parameters were changed since the first fit; fit anew, with warm_start=False"
                )
        return packed(found)

    def _show(self, program: Program) -> None:
        """Make coefs_ and intercepts_ those of the parameters."""
        layers = range(1, self.n_layers_)
        self.coefs_ = [self._parameters[f"W{number}"] for number in layers]
        self.intercepts_ = [self._parameters[offset(program, number)] for number in layers]
        self._ready = Ready()

    @property
    def parameters_(self) -> Arrays:
        """All that was learnt, by the names of the program: W1, b1, with batch norm gamma1, trainable scalars."""
        return dict(self._parameters)

    @property
    def program_(self) -> Program:
        """The training step that was run."""
        return self._plan.program

    def source(self, language: str = "numpy", **options: Any) -> str:
        """The training step as source code; the options are those of `Program.source`."""
        check_is_fitted(self, "coefs_")
        return self.program_.source(language, **options)

    def _to_model(self, before: Sequence[Any], preparation: Preparation | None, provenance: Mapping[str, Any]) -> Model:
        """What `chainrule.save` writes."""
        from .saved import to_model

        check_is_fitted(self, "coefs_")
        return to_model(self, before, preparation, provenance)

    @property
    def _plan(self) -> Plan:
        dtype = self._parameters["W1"].dtype.name
        return Plan(self._declaration, self._engine_name, dtype, self._library, self._threads)

    # --- predicting ---

    def _output(self, X: Any) -> Array:
        """The output (N, K) for data as a caller gives it."""
        if "coefs_" not in vars(self):
            check_is_fitted(self, "coefs_")
        if not ("feature_names_in_" not in vars(self) and is_plain(X, self.n_features_in_)):
            X = validate_data(self, X, accept_sparse=SPARSE, reset=False)
        ready, parameters = self._prepared(), self._parameters
        if ready is None:
            engine = self._plan.engine
            parameters = self._gathered(engine.program, engine.dtype)
        else:
            engine = ready.engine
            if type(X) is np.ndarray and len(X) == 1 and X.dtype == engine.dtype:
                output: Array = ready.row(X[0])
                return output.reshape(1, -1)
        if isinstance(X, np.ndarray):
            return engine.predict(dense(X, engine.dtype), parameters, self._state)
        rows = max(1, PREDICT_BYTES // (X.shape[1] * engine.dtype.itemsize))
        X = X.tocsr()
        blocks = (dense(X[start : start + rows], engine.dtype) for start in range(0, X.shape[0], rows))
        return np.concatenate([engine.predict(block, parameters, self._state) for block in blocks])

    def _prepared(self) -> Ready | None:
        """What is ready to predict; None where somebody put arrays of their own into coefs_ or intercepts_."""
        shown, ready = (*self.coefs_, *self.intercepts_), self._ready
        if len(shown) != len(ready.shown) or any(map(is_not, shown, ready.shown)):
            engine = self._plan.engine
            if any(array is not self._parameters[name] for name, array in self._shown(engine.program).items()):
                return None
            ready.engine, ready.row = engine, engine.row_predictor(self._parameters, self._state)
            ready.shown = shown
        return ready

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_ready"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_parameters" not in state or "coefs_" not in state:
            return
        before, self._ready = self._parameters, Ready()
        self._parameters, self._state = packed(before), packed(self._state)
        own = {id(array): self._parameters[name] for name, array in before.items()}
        self.coefs_ = [own.get(id(array), array) for array in self.coefs_]
        self.intercepts_ = [own.get(id(array), array) for array in self.intercepts_]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def offset(program: Program, number: int) -> str:
    """What is added in a layer: b, or where batch norm follows, its beta."""
    return f"b{number}" if f"b{number}" in program.parameters else f"beta{number}"


def dense(X: Any, dtype: Any) -> Array:
    """X (N, D) as an array of this type.  ValueError: a number that is too large for it."""
    array = X if isinstance(X, np.ndarray) else X.toarray()
    if array.dtype != dtype:
        return check_features(array, "X", array.shape[1], dtype)
    return np.ascontiguousarray(array)


def as_columns(y: Array, dtype: Any) -> Array:
    columns: Array = np.ascontiguousarray(y, dtype)
    return columns.reshape(-1, 1) if columns.ndim == 1 else columns
