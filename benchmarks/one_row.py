"""A single row through 20-64-64-2, from Python and back: what serving one request costs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec

import numpy as np

from .cases import CASES, Array
from .clock import Effort, Sampled, time_calls
from .contenders import Contender
from .contenders.by_hand import ByHand
from .contenders.c_engine import CEngine
from .contenders.fit import Fit
from .verify import Unequal

CASE = "R2b"
C_CALL, ESTIMATOR = "the C call alone", "chainrule MLPClassifier"
NAMES = {"c": "chainrule C, row_predictor", "fit": "chainrule C, Training.predict"}  # others have one way
TOLERANCE = 1e-5


def time_one_row(runners: Mapping[str, Contender], effort: Effort) -> dict[str, Sampled]:
    """Seconds a call, each with the initial weights, checked against NumPy by hand."""
    case = CASES[CASE]
    row = case.data().X[:1].copy()
    reference = ByHand(case)
    reference.reset()
    predict = reference.predictor()
    assert predict is not None
    wanted, calls = predict(row), dict[str, Callable[[], object]]()
    for key, runner in runners.items():
        runner.reset()
        predictor = runner.predictor()
        if predictor is None:
            continue
        off = float(np.abs(np.asarray(predictor(row)).reshape(wanted.shape) - wanted).max())
        if not off <= TOLERANCE:
            raise Unequal(f"{type(runner).name}: predicts one row {off:.1e} from NumPy by hand, {TOLERANCE:g} allowed")
        calls[NAMES.get(key, type(runner).name)] = partial(predictor, row)
        if isinstance(runner, CEngine):
            calls[C_CALL] = c_call(runner, row)
    if any(isinstance(runner, Fit) for runner in runners.values()) and find_spec("sklearn"):
        calls[ESTIMATOR] = estimator_call(row)
    return time_calls(calls, effort)


def c_call(runner: CEngine, row: Array) -> Callable[[], object]:
    """`predict` of the library with every argument made beforehand; where nothing but the call is left."""
    from chainrule.engines.c import CEngine as Engine
    from chainrule.engines.c import Flat, address

    engine = runner.engine
    assert isinstance(engine, Engine)
    output = np.empty((1, engine.outputs), row.dtype)
    given = {
        "w": Flat(runner.parameters, engine.dtype).pointer, "m": Flat(runner.state, engine.dtype).pointer,
        "s": engine.main.scratch_for(1), "N": ctypes.c_int(1), "X": address(row),
        engine.program.prediction: address(output),
    }  # fmt: skip
    call = partial(engine.main.library.cr_predict, *(given[name] for name in engine.main.arguments["predict"]))
    vars(call)["held"] = row, output  # what the addresses point to lives as long as the function
    return call


def estimator_call(row: Array) -> Callable[[], object]:
    """`predict_proba` of chainrule's own estimator, fitted for an epoch."""
    import chainrule as cr

    data = CASES[CASE].data()
    estimator = cr.MLPClassifier(CASES[CASE].widths[1:-1], engine="c", random_state=0)
    estimator.partial_fit(data.X, data.labels, classes=np.unique(data.labels))
    return partial(estimator.predict_proba, row)
