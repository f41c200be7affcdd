"""What there is on top of scikit-learn."""

import importlib
import os
import pickle
import signal
import sys
import threading
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import chainrule as cr
from chainrule.estimators import labels, running

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
COLUMNS = np.eye(3)[y]
XR, YR = make_regression(120, 4, noise=1, random_state=0)
YR = YR / 50

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**settings: Any) -> cr.MLPClassifier:
    return cr.MLPClassifier(**{"hidden_layer_sizes": 8, "random_state": 0, "max_iter": 40, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "gelu"},
        {"activation": "z * sigmoid(1.5 * z)"},
        {"activation": ["tanh", "leaky_relu"], "hidden_layer_sizes": (8, 6)},
        {"activation": [cr.formula("swish", "z * sigmoid(beta * z)", beta=1.0, trainable=["beta"])]},
        {"activation": lambda z: z * cr.sigmoid(z)},
        {"loss": "mean_squared_error"},
        {"loss": "(p - y)**2 + 0.1 * (p - y)**4"},
        {"loss": "binary_cross_entropy", "output_activation": "logistic"},
        {"optimizer": "rmsprop"},
        {"optimizer": cr.Adam(cr.CosineDecay(0.02, steps=40))},
        {"optimizer": cr.AdamW(0.02, decay=0.1), "learning_rate": "adaptive"},
        {"dropout": 0.2},
        {"dropout": [0.1, 0.0], "hidden_layer_sizes": (8, 6)},
        {"batch_norm": True, "batch_size": 30},
        {"batch_norm": True, "dropout": 0.1, "hidden_layer_sizes": (8, 8), "batch_size": 40, "early_stopping": True},
        {"l1": 0.5},
        {"clip_norm": 0.1},
        {"class_weight": "balanced"},
        {"class_weight": {0: 1, 1: 5, 2: 1}, "solver": "lbfgs"},
        {"engine": "reference", "max_iter": 5},
    ],
    ids="-".join,
)
def test_each_extra_learns_is_cloned_and_pickled(settings):
    model = classifier(learning_rate_init=0.02, **settings)
    fitted = clone(model).fit(X, y)
    assert fitted.score(X, y) > (0.3 if "max_iter" in settings else 0.85)
    assert np.isfinite(fitted.predict_proba(X)).all()
    if any(callable(value) for value in settings.values() if not isinstance(value, type)):
        return  # a lambda is not to be pickled; its text is
    restored = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(restored.predict_proba(X), fitted.predict_proba(X))
    assert restored.source("numpy") == fitted.source("numpy")


@pytest.mark.parametrize("loss", ["huber", "mean_absolute_error", "log(1 + (p - y)**2)"])
def test_a_regressor_takes_any_loss(loss):
    model = cr.MLPRegressor(loss, 16, random_state=0, max_iter=200, learning_rate_init=0.02).fit(XR, YR)
    assert model.score(XR, YR) > 0.9
    assert model.program_.declaration.loss.name == loss


@pytest.mark.parametrize(
    ("settings", "target", "message"),
    [
        ({"loss": "poisson"}, -1.0 - y, "for poisson it must not be negative"),
        ({"validation_data": (X, y)}, np.stack([y, y], axis=1), "y has 1 columns, the y of the fit 2"),
        ({"hidden_layer_sizes": (3.5,)}, y, "must be whole numbers"),
        ({"callbacks": ["stop"]}, y, "callbacks must be a list of Callback"),
    ],
)
def test_what_does_not_fit_a_regressor_is_refused(settings, target, message):
    with pytest.raises(ValueError, match=message):
        cr.MLPRegressor(**settings).fit(X, target)


def test_after_a_fit_that_failed_there_is_nothing_to_predict_with():
    failed = classifier()
    with pytest.raises(ValueError, match="sample_weight"):
        failed.fit(X, y, sample_weight=np.ones(3))
    with pytest.raises(NotFittedError):
        failed.predict(X)


def test_numbers_too_large_for_the_weights_are_refused():
    single = classifier(max_iter=1).fit(X.astype(np.float32), y)
    with pytest.raises(ValueError, match="too large for float32"):
        single.predict(1e300 * X)


def test_trainable_scalars_are_learnt_and_shown():
    swish = cr.formula("swish", "z * sigmoid(beta * z)", beta=1.0, trainable=["beta"])
    model = classifier(activation=swish, learning_rate_init=0.02).fit(X, y)
    assert list(model.parameters_) == ["W1", "b1", "beta1", "W2", "b2"]
    assert model.parameters_["beta1"] != 1.0


def test_batch_norm_has_its_shift_at_the_place_of_the_intercept_and_survives_pickling():
    model = classifier(batch_norm=True).fit(X, y)
    assert model.intercepts_[0] is model.parameters_["beta1"]
    assert model.intercepts_[1] is model.parameters_["b2"]
    model.partial_fit(X, y)
    restored = pickle.loads(pickle.dumps(model))
    assert restored.intercepts_[0] is restored.parameters_["beta1"]
    np.testing.assert_array_equal(restored.partial_fit(X, y).coefs_[0], model.partial_fit(X, y).coefs_[0])


def test_dropout_is_drawn_from_random_state():
    first, again, other = (classifier(dropout=0.5, random_state=seed).fit(X, y) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.coefs_[0], again.coefs_[0])
    assert not np.array_equal(first.coefs_[0], other.coefs_[0])


def test_l1_drives_weights_to_zero():
    settings = {"max_iter": 500, "learning_rate_init": 0.01}
    small = [np.mean(np.abs(classifier(l1=l1, **settings).fit(X, y).coefs_[0]) < 1e-2) for l1 in (0.0, 2.0)]
    assert small[1] > small[0] + 0.3


def test_class_weight_is_a_sample_weight():
    weights = {0: 1.0, 1: 3.0, 2: 0.5}
    by_class = classifier(class_weight=weights).fit(X, y)
    by_row = classifier().fit(X, y, sample_weight=np.array([weights[label] for label in y]))
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported for partial_fit"):
        classifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


def test_weights_of_zero_that_fill_a_batch_are_refused_as_scikit_learn_does():
    with pytest.raises(ZeroDivisionError, match="Weights sum to zero"):
        classifier(batch_size=50, shuffle=False).fit(X, y, sample_weight=np.r_[np.ones(50), np.zeros(50), np.ones(50)])


# --- callbacks, history, validation data ---


class Watcher(cr.Callback):
    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_epoch(self, run: Any) -> bool:
        self.seen.append(run.history["loss"][-1])
        return len(self.seen) == 7


def test_callbacks_see_every_epoch_and_may_stop():
    watcher = Watcher()
    model = classifier(callbacks=[watcher])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.n_iter_ == 7
    assert watcher.seen == model.loss_curve_ == model.history_["loss"]
    np.testing.assert_allclose(model.loss_curve_, classifier().fit(X, y).loss_curve_[:7], rtol=1e-12)


class Interrupting(cr.Callback):
    def on_epoch(self, run: Any) -> None:
        if run.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_a_fit_and_keeps_what_was_learnt():
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = classifier(callbacks=[Interrupting()]).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert model.loss_curve_ == classifier(max_iter=3, callbacks=[cr.Callback()]).fit(X, y).loss_curve_


def test_early_stopping_of_the_book_takes_back_the_best_weights():
    stopping = cr.EarlyStopping("validation_accuracy", patience=5)
    model = classifier(callbacks=[stopping], validation_data=(X[::2], y[::2]), learning_rate_init=0.05).fit(X, y)
    assert set(model.history_) == {"loss", "learning_rate", "validation_loss", "validation_accuracy"}
    assert {len(values) for values in model.history_.values()} == {model.n_iter_}
    assert model.score(X[::2], y[::2]) == max(model.history_["validation_accuracy"])


def test_a_rate_that_callbacks_reduce_is_in_the_history():
    model = cr.MLPRegressor(
        hidden_layer_sizes=8, random_state=0, max_iter=60, solver="sgd", learning_rate_init=0.1,
        callbacks=[cr.ReduceOnPlateau(patience=2)],
    ).fit(XR, YR)  # fmt: skip
    rates = model.history_["learning_rate"]
    assert rates[0] == 0.1
    assert rates[-1] < 0.1


def test_validation_data_takes_the_place_of_held_out_rows():
    model = classifier(early_stopping=True, validation_data=(X[:30], y[:30]), n_iter_no_change=3).fit(X, y)
    assert model.t_ == model.n_iter_ * len(X)
    assert model.validation_scores_ == model.history_["validation_accuracy"]
    np.testing.assert_array_equal(model.loss_curve_, classifier(max_iter=model.n_iter_).fit(X, y).loss_curve_)
    with pytest.raises(ValueError, match="validation_data must be a pair"):
        classifier(validation_data=[X]).fit(X, y)


# --- the program ---


def test_the_program_that_ran_is_shown_with_the_numbers_it_ran_with():
    model = classifier(alpha=0.5, learning_rate_init=0.25, batch_norm=False).fit(X, y)
    program = model.program_
    assert program.hyperparameters["alpha"] == 0.5
    assert program.hyperparameters["learning_rate"] == 0.25
    assert "delta2 = (p - y) / N" in str(program)
    assert "alpha / N * W1" in str(program)
    assert "void" in model.source("c")
    assert cr.check_gradients(program, X, COLUMNS, parameters=model.parameters_).passed


def test_another_number_derives_nothing_anew():
    one, other = classifier(alpha=0.5).fit(X, y), classifier(alpha=0.1, learning_rate_init=0.5).fit(X[:90], y[:90] % 3)
    assert one._plan.engine is classifier(alpha=0.2).fit(X, y)._plan.engine
    assert other.program_.hyperparameters["alpha"] == 0.1


def test_an_optimizer_of_ones_own_is_told_apart_by_its_formulas():
    def made(update: str) -> Any:
        return type("Mine", (cr.Optimizer,), {"update": (update,)})(0.05)

    down = classifier(optimizer=made("w -= learning_rate * g")).fit(X, y)
    up = classifier(optimizer=made("w -= 0.5 * learning_rate * g")).fit(X, y)
    assert down.loss_ < up.loss_


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": "z +"}, "expected|formula|ends"),
        ({"activation": "swush"}, "The 'activation' parameter of MLPClassifier must be"),
        ({"activation": ["relu"], "hidden_layer_sizes": (4, 4)}, "activation lists 1 values, but hidden_layer_sizes 2"),
        ({"dropout": [0.1]*3}, "dropout lists 3 values"),
        ({"loss": "huger"}, "The 'loss' parameter of MLPClassifier must be"),
        ({"loss": "poisson"}, "needs exp or softplus or sigmoid"),
        ({"optimizer": "adagard"}, "The 'optimizer' parameter of MLPClassifier must be"),
        ({"validation_data": (X, y.astype(str))}, "y has classes that the y of the fit does not have"),
        ({"engine": "gpu"}, "The 'engine' parameter of MLPClassifier must be"),
        ({"dropout": 0.5, "solver": "lbfgs"}, "dropout needs a stochastic solver"),
        ({"batch_norm": True, "solver": "lbfgs"}, "batch_norm needs a stochastic solver"),
        ({"callbacks": [], "solver": "lbfgs"}, "callbacks needs a stochastic solver"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        classifier(**settings).fit(X, y)


# --- weights, memory, threads ---


def test_what_is_put_into_coefs_counts():
    model = classifier().fit(X, y)
    before = model.predict_proba(X[:1])
    model.coefs_[1][...] = 0.0
    changed = model.predict_proba(X[:1])
    assert not np.allclose(before, changed)
    model.coefs_[1] = np.ones((8, 3))
    model.intercepts_[1] = np.array([0.0, 5.0, 0.0])
    assert model.predict(X).tolist() == [1] * len(X)
    model.intercepts_[1][:] = [5, 0, 0]
    assert model.predict(X).tolist() == [0] * len(X)
    model.partial_fit(X, y)
    np.testing.assert_allclose(model.coefs_[1], 1, atol=0.01)
    model.coefs_[0] = np.ones((4, 5))
    with pytest.raises(ValueError, match=r"W1 has shape \(4, 5\), the network needs \(4, 8\)"):
        model.predict(X)


def test_one_row_is_predicted_as_many_are():
    for model in (classifier().fit(X, y), classifier().fit(X, y > 0), classifier(batch_norm=True).fit(X, y)):
        together = model.predict_proba(X)
        alone = np.concatenate([model.predict_proba(row[None]) for row in X])
        np.testing.assert_allclose(alone, together, rtol=1e-12)
        assert [model.predict(row[None])[0] for row in X] == model.predict(X).tolist()
        np.testing.assert_allclose(model.predict_proba(np.asfortranarray(X[:3])), together[:3])
        np.testing.assert_allclose(model.predict_proba(X[:1].astype(np.float32)), together[:1], rtol=1e-5)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict(np.array([[1, 2, 3, np.nan]]))
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4 features as input"):
        model.predict(X[:1, :3])


def test_threads_may_fit_and_predict_at_once():
    shared, results = classifier().fit(X, y), {}

    def work(number: int) -> None:
        mine = classifier(alpha=0.01 * number).fit(X, y)
        results[number] = (mine.coefs_[0].copy(), [shared.predict_proba(row[None]) for row in X[:50]])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, (coefs, rows) in results.items():
        np.testing.assert_array_equal(coefs, classifier(alpha=0.01 * number).fit(X, y).coefs_[0])
        np.testing.assert_allclose(np.concatenate(rows), shared.predict_proba(X[:50]), rtol=1e-12)


def test_a_large_sparse_table_is_made_dense_a_few_steps_at_a_time(monkeypatch):
    X, y = load_breast_cancer(return_X_y=True)
    X = np.where(np.median(X, axis=0) < X, 1.0, 0.0)
    weights = np.linspace(0.5, 1, len(X))
    settings = {"batch_size": 50, "dropout": 0.1, "max_iter": 10}
    wanted = classifier(**settings).fit(X, y, sample_weight=weights)
    monkeypatch.setattr(running, "DENSE_BYTES", 3 * 50 * 30 * 8)
    found = classifier(**settings).fit(scipy.sparse.csc_matrix(X), y, sample_weight=weights)
    np.testing.assert_array_equal(found.coefs_[0], wanted.coefs_[0])
    np.testing.assert_array_equal(found.predict(scipy.sparse.csr_array(X)), wanted.predict(X))


def test_epochs_made_in_vain_are_taken_back(monkeypatch):
    """However many epochs are tried at once, the fit ends after the same one, with the same bits."""
    fitted = []
    for trial, patience in ((0.0, 0.1), (100.0, 0.1), (100.0, 1e-3)):  # the last: no call has many steps
        monkeypatch.setattr(running, "ON_TRIAL", trial)
        monkeypatch.setattr(running, "PATIENCE", patience)
        fitted.append(classifier(max_iter=1000, tol=0.01, n_iter_no_change=4, batch_size=40, dropout=0.1).fit(X, y))
    for other in fitted[1:]:
        assert fitted[0].n_iter_ == other.n_iter_ < 1000
        assert fitted[0].loss_curve_ == other.loss_curve_
        for mine, theirs in zip(fitted[0].coefs_, other.coefs_, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    after = [model.partial_fit(X, y).coefs_[0] for model in fitted]
    np.testing.assert_array_equal(after[1:], after[:1] * 2)


def test_a_diverging_fit_is_given_up_at_once():
    model = cr.MLPRegressor(solver="sgd", activation="identity", learning_rate_init=10, random_state=0, max_iter=10**6)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        model.fit(XR * 100, YR)


def test_lbfgs_keeps_single_precision():
    model = classifier(solver="lbfgs").fit(X.astype(np.float32), y)
    assert {array.dtype for array in [*model.coefs_, *model.intercepts_]} == {np.dtype(np.float32)}
    assert model.score(X.astype(np.float32), y) > 0.95


def test_progress_is_shown_on_request(capsys):
    classifier(progress=True).fit(X, y)
    assert capsys.readouterr().err
    classifier().fit(X, y)
    assert capsys.readouterr().err == ""


def test_without_scikit_learn_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "chainrule.estimators")
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'chainrule\[sklearn\]'"):
        importlib.import_module("chainrule.estimators")


def test_no_convergence_is_said():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        classifier(max_iter=3).fit(X, y)


def test_a_schedule_is_used_as_declared():
    slow = cr.GradientDescent(cr.ConstantRate(0.5, warm_up=1000))
    curves = [classifier(optimizer=rule).fit(X, y).loss_curve_ for rule in (slow, replace(slow, rate=0.5))]
    assert curves[0][-1] > curves[1][-1]


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 0, 1]), np.array([-5, 7, 7]), np.array([-128, 127], np.int8), np.array([250, 3], np.uint8),
        np.array([0, 10**6]), np.array([2**64 - 1, 2**64 - 3], np.uint64), np.array([-(2**63), 5 - 2**63]),
        np.array([2**63 - 1, -(2**63)]), np.array(["b", "a", "b"]), np.array([True, False]),
    ],
    ids=lambda values: f"{values.dtype}-{values[0]}",
)  # fmt: skip
def test_classes_are_sorted_and_of_the_type_of_the_labels(values):
    classes = labels.sorted_classes(values)
    assert classes.dtype == values.dtype
    assert classes.tolist() == np.unique(values).tolist()
