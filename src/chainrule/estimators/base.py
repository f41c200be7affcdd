"""What both estimators share: from parameters and data to weights."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight, validate_data

from ..engines.engine import Array, Arrays, packed
from ..formulas.layers import Dropout
from ..network import Network
from ..program.steps import Program
from ..training.inputs import check_for_loss, is_whole
from ..training.metrics import Metric
from ..training.start import concrete
from ..training.training import check_callbacks
from . import plans
from .checks import CONSTRAINTS, check_parameters, is_plain, is_plain_target
from .fitted import SPARSE, Fitted, as_columns, dense
from .lbfgs import fit_lbfgs
from .order import CarriedOrder
from .plans import Plan
from .rules import KeepGradient
from .running import Run
from .stochastic import Progress, fit_epochs

DTYPES = (np.float64, np.float32)


class Perceptron(Fitted):
    """Base of both estimators; not for use by itself.

    All arithmetic on its weights is that of the program that its parameters declare, on its engine.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS
    _target_kinds = ""  # of dtype, that need no converting
    _classifies = False

    hidden_layer_sizes: Any
    activation: Any
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    loss: Any
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    output_activation: Any
    optimizer: Any
    dropout: Any
    batch_norm: bool
    l1: float
    clip_norm: float | None
    callbacks: Any
    validation_data: Any
    engine: str
    library: Any
    progress: bool | None
    threads: int

    # --- what the two differ in ---

    def _default_output(self) -> str:
        """The output activation that goes with the target and the loss, in scikit-learn's words."""
        raise NotImplementedError

    def _checked_target(self, y: Any, incremental: bool) -> Array:
        """The target as columns (N, K)."""
        raise NotImplementedError

    def _columns(self, y: Any) -> Array:
        """A target of other data as columns."""
        raise NotImplementedError

    def _metric(self, weights: Array | None) -> Metric:
        """What `score` measures."""
        raise NotImplementedError

    def _row_weights(self, y: Any, sample_weight: Array | None, incremental: bool) -> Array | None:
        return sample_weight

    def _added(self, y: Array) -> Array | None:
        """What scikit-learn's loss has on top of ours: a constant of every row (N,)."""
        return None

    # --- fitting ---

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to X (N, D), an array, a table or a sparse matrix, and y (N,) or (N, K).

        sample_weight   (N,), how much each row counts
        """
        check_parameters(self)
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        widths = self._widths()
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._checked(X, y, reset=first)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        weights = self._row_weights(y, sample_weight, incremental)
        y = self._checked_target(y, incremental)
        self.n_outputs_ = y.shape[1]
        self._random_state = check_random_state(self.random_state)
        if first or not hasattr(self, "out_activation_"):
            self.out_activation_ = self.output_activation or self._default_output()
        layers = plans.network(self, X.shape[1], widths, y.shape[1], self.out_activation_)
        dtype = X.dtype if first else np.result_type(self.coefs_[0].dtype, np.float32)
        plan = self._plan_for(layers, weights is not None, dtype)
        program = plan.engine.program
        if not self._classifies:
            check_for_loss(program, as_columns(y, dtype))
        self._declaration, self._engine_name, self._library = plan.declaration, self.engine, self.library
        self._threads = plan.threads
        self._parameters = self._drawn(program, len(widths), dtype) if first else self._gathered(program, dtype)
        if first:
            self._begin(len(widths) + 2)
        try:
            if self.solver == "lbfgs":
                self._solve(plan, X, y, weights)
            else:
                self._descend(plan, X, y, weights, incremental)
        finally:
            self._show(program)
        if not all(np.isfinite(array).all() for array in self._parameters.values()):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may"
                " contain large values and need to be preprocessed."
            )
        return self

    def _widths(self) -> list[int]:
        given = self.hidden_layer_sizes
        widths = list(given) if hasattr(given, "__iter__") else [given]
        if not all(is_whole(width) for width in widths):
            raise ValueError(f"hidden_layer_sizes must be whole numbers, got {given}.")
        if any(width <= 0 for width in widths):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {widths}.")
        return [int(width) for width in widths]

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        named = "feature_names_in_" in vars(self)
        fits = None if reset else getattr(self, "n_features_in_", -1)
        if is_plain(X, fits) and is_plain_target(y, len(X), self._target_kinds) and (reset or not named):
            if reset:
                self.n_features_in_ = X.shape[1]
                self.__dict__.pop("feature_names_in_", None)
            return X, y
        X, y = validate_data(
            self, X, y, accept_sparse=SPARSE, multi_output=True, y_numeric=not self._classifies, dtype=DTYPES,
            reset=reset,
        )  # fmt: skip
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _plan_for(self, layers: Network, weighted: bool, dtype: Any) -> Plan:
        loss = plans.loss(self.loss, self.out_activation_)
        rule = plans.optimizer(self)
        if self.solver == "lbfgs":
            self._check_for_lbfgs(layers)
            rule, dtype = KeepGradient(0.0), np.float64
        declaration = plans.declare(self, layers, loss, rule, weighted)
        return Plan(declaration, self.engine, np.dtype(dtype).name, self.library, self.threads)

    def _check_for_lbfgs(self, layers: Network) -> None:
        given = {"optimizer": self.optimizer, "clip_norm": self.clip_norm, "callbacks": self.callbacks,
                 "validation_data": self.validation_data, "batch_norm": self.batch_norm,
                 "dropout": any(isinstance(layer, Dropout) for layer in layers.layers)}  # fmt: skip
        for name, value in given.items():
            if value is not None and value is not False:
                raise ValueError(f"{name} needs a stochastic solver, sgd or adam: solver='lbfgs' knows no steps")

    def _drawn(self, program: Program, hidden_layers: int, dtype: Any) -> Arrays:
        """Initial weights as scikit-learn draws them: layer by layer W, then b, both within Glorot & Bengio's bound."""
        hidden = plans.per_layer("activation", self.activation, hidden_layers)
        activations = [*hidden, *(hidden[-1:] or ["relu" if self.activation == [] else self.activation])]
        drawn: Arrays = {}
        for number, activation in enumerate(activations, start=1):
            fan_in, units = concrete(program.parameters[f"W{number}"].shape)
            bound = np.sqrt((2.0 if plans.is_logistic(activation) else 6.0) / (fan_in + units))
            for name, shape in ((f"W{number}", (fan_in, units)), (f"b{number}", (units,))):
                values = self._random_state.uniform(-bound, bound, shape)
                if name in program.parameters:  # with batch norm there is no b; what is drawn after it stays the same
                    drawn[name] = values
        return packed({
            name: np.asarray(drawn.get(name, np.full(concrete(variable.shape), variable.start)), dtype)
            for name, variable in program.parameters.items()
        })  # fmt: skip

    def _begin(self, layers: int) -> None:
        """The attributes of a first fit."""
        self.n_iter_, self.t_, self.n_layers_ = 0, 0, layers
        self._state: Arrays = {}
        if self.solver != "lbfgs":
            self._begin_books()

    def _begin_books(self) -> None:
        """What is kept of the epochs."""
        self.loss_curve_: list[float] = []
        self.history_: dict[str, list[float]] = {}
        self._best: tuple[Arrays, Arrays] | None = None
        self._no_improvement_count = 0
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_: float | None = -np.inf if self.early_stopping else None
        self.best_loss_: float | None = None if self.early_stopping else np.inf

    def _solve(self, plan: Plan, X: Any, y: Array, weights: Array | None) -> None:
        inputs = self._inputs(X, y, weights, np.dtype(np.float64))
        X = inputs["X"]
        inputs["X"] = X if isinstance(X, np.ndarray) else X.toarray()
        found = fit_lbfgs(self, plan.engine, inputs, self._parameters, plan.hyperparameters)
        added = self._added(y)
        self.loss_, self.n_iter_ = found
        self.loss_ += 0.0 if added is None else float(np.average(added, weights=weights))
        self._state = {}

    def _descend(self, plan: Plan, X: Any, y: Array, weights: Array | None, incremental: bool) -> None:
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        kept = "validation_scores_" if self.early_stopping else "best_loss_"
        if getattr(self, kept, None) is None:
            self._begin_books()  # the fit before was by another solver, or watched something else
        engine, numbers = plan.engine, plan.hyperparameters
        rate_name = next(iter(numbers))
        rate = numbers[rate_name]
        self._state = self._slots(engine.program, engine.dtype, incremental)
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer = Progress(rate)
        numbers[rate_name] = self._optimizer.learning_rate
        held_out = None
        if self.early_stopping and self.validation_data is None:
            X, y, weights, held_out = self._split(X, y, weights)
        inputs = self._inputs(X, y, weights, engine.dtype)
        rows = X.shape[0]
        seen = not isinstance(self.random_state, (int, np.integer))
        given = (self._batch_rows(rows), bool(self.shuffle), self._random_state, engine.dtype)
        order = CarriedOrder(engine.program, rows, *given, seen=seen)
        run = Run(engine, engine.program, inputs, self._parameters, self._state, numbers, order, self._optimizer.t)
        run.callbacks, run.added = check_callbacks(self.callbacks or ()), self._added(y)
        if self.validation_data is not None:
            held_out = (*self._validation(engine.dtype), None)
        if held_out is not None:
            X_held, y_held, weights_held = held_out
            run.watch((dense(X_held, engine.dtype), as_columns(y_held, engine.dtype)), self._metric(weights_held))
        if self.early_stopping and self._best is None:
            self._best = run.copy_of_weights()
        self.n_iter_ = 0
        try:
            fit_epochs(self, run, rate, incremental=incremental, alone=not seen)
        finally:
            self._optimizer.t, self._optimizer.learning_rate = run.t, numbers[rate_name]
            history = self.__dict__.setdefault("history_", {})
            for name, values in run.history.items():
                history.setdefault(name, []).extend(values)
            if self.early_stopping and self._best is not None:
                run.restore_weights(*self._best)

    def _slots(self, program: Program, dtype: Any, incremental: bool) -> Arrays:
        """The state to begin with: running statistics go on, and where a fit goes on, the optimizer's slots."""
        before = getattr(self, "_state", {})

        def start(name: str) -> Array:
            variable = program.state[name]
            shape, known = concrete(variable.shape), before.get(name)
            if known is not None and known.shape == shape and (incremental or name in program.statistics):
                return np.asarray(known, dtype)
            return np.full(shape, variable.start, dtype)

        return packed({name: start(name) for name in program.state})

    def _inputs(self, X: Any, y: Array, weights: Array | None, dtype: Any) -> dict[str, Any]:
        X = dense(X, dtype) if isinstance(X, np.ndarray) else X.astype(dtype)
        inputs = {"X": X, "y": as_columns(y, dtype)}
        if weights is not None:
            inputs["sample_weight"] = np.ascontiguousarray(weights, dtype).reshape(-1, 1)
        return inputs

    def _batch_rows(self, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        size = int(self.batch_size)
        if size > rows:
            message = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
            warnings.warn(message, stacklevel=5)
        return min(size, rows)

    def _split(self, X: Any, y: Array, weights: Array | None) -> tuple[Any, Array, Array | None, Any]:
        """Data to train on, and held out: stratified where there is one column of classes."""
        stratify = y if self._classifies and y.shape[1] == 1 else None
        how = {"random_state": self._random_state, "test_size": self.validation_fraction, "stratify": stratify}
        train, held = train_test_split(np.arange(X.shape[0]), **how)
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        if weights is None:
            return X[train], y[train], None, (X[held], y[held], None)
        return X[train], y[train], weights[train], (X[held], y[held], weights[held])

    def _validation(self, dtype: Any) -> tuple[Any, Array]:
        if not isinstance(self.validation_data, (tuple, list)) or len(self.validation_data) != 2:
            raise ValueError("validation_data must be a pair, (X, y)")
        X, y = self.validation_data
        X, y = self._checked(X, y, reset=False)
        return X, self._held_out(y)

    def _held_out(self, y: Any) -> Array:
        """The target of validation data as columns.  ValueError: it is not like that of the fit."""
        columns = self._columns(y)
        if columns.shape[1] != self.n_outputs_:
            raise ValueError(f"validation_data: y has {columns.shape[1]} columns, the y of the fit {self.n_outputs_}")
        return columns
