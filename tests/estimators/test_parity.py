"""With the same random_state, weights and losses are scikit-learn's, to rounding."""

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification, make_regression
from sklearn.preprocessing import StandardScaler

import chainrule as cr

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
CANCER = (StandardScaler().fit_transform(CANCER[0]), CANCER[1])
LABELS = make_multilabel_classification(100, random_state=0)
NUMBERS = make_regression(200, 8, noise=5, random_state=0)
NUMBERS = (NUMBERS[0], NUMBERS[1] / 100)
COUNTS = (NUMBERS[0], np.round(np.exp(NUMBERS[1])))
PAIRS = (NUMBERS[0], np.column_stack([NUMBERS[1], NUMBERS[1] ** 2]))
TEXT = (IRIS[0], np.array(["setosa", "versicolor", "virginica"])[IRIS[1]])
SGD = {"solver": "sgd", "learning_rate_init": 0.05, "batch_size": 32}


def both(kind: str, data: Any, weighted: bool = False, **settings: Any) -> tuple[Any, Any]:
    X, y = data
    weights = np.random.RandomState(1).rand(len(X)) if weighted else None
    fitted = []
    for module in (theirs, cr):
        model = getattr(module, kind)(**{"hidden_layer_sizes": 8, "random_state": 3, "max_iter": 60, **settings})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted.append(model.fit(X, y, sample_weight=weights))
    return fitted[0], fitted[1]


@pytest.mark.parametrize(
    ("kind", "data", "settings"),
    [
        ("MLPClassifier", IRIS, {}),
        ("MLPClassifier", IRIS, {"batch_size": 32, "hidden_layer_sizes": (8, 4)}),
        ("MLPClassifier", IRIS, {"hidden_layer_sizes": (), "activation": "tanh"}),
        ("MLPClassifier", IRIS, {**SGD, "activation": "tanh"}),
        ("MLPClassifier", IRIS, {**SGD, "activation": "logistic", "learning_rate": "invscaling"}),
        ("MLPClassifier", IRIS, {**SGD, "learning_rate": "adaptive", "tol": 1e-3, "max_iter": 300}),
        ("MLPClassifier", IRIS, {**SGD, "nesterovs_momentum": False, "shuffle": False}),
        ("MLPClassifier", IRIS, {**SGD, "momentum": 0, "activation": "identity", "alpha": 1.0}),
        ("MLPClassifier", IRIS, {"tol": 0.02, "n_iter_no_change": 3, "max_iter": 400}),
        ("MLPClassifier", IRIS, {**SGD, "momentum": 1, "max_iter": 5}),
        ("MLPClassifier", TEXT, {}),
        ("MLPClassifier", (IRIS[0], 0 * IRIS[1]), {"early_stopping": True, "max_iter": 3}),
        ("MLPClassifier", CANCER, {"early_stopping": True, "n_iter_no_change": 3}),
        ("MLPClassifier", CANCER, {"weighted": True, "alpha": 0.1}),
        ("MLPClassifier", CANCER, {"weighted": True, "early_stopping": True, "beta_1": 0.8, "beta_2": 0.99}),
        ("MLPClassifier", LABELS, {"early_stopping": True}),
        ("MLPClassifier", LABELS, {"solver": "lbfgs", "max_iter": 20}),
        ("MLPRegressor", NUMBERS, {"n_iter_no_change": 2, "tol": 0.01}),
        ("MLPRegressor", NUMBERS, {"weighted": True, "early_stopping": True, "batch_size": 50}),
        ("MLPRegressor", NUMBERS, {"solver": "lbfgs", "weighted": True, "max_iter": 20}),
        ("MLPRegressor", COUNTS, {"loss": "poisson"}),
        ("MLPRegressor", COUNTS, {"loss": "poisson", "weighted": True, "batch_size": 50}),
        ("MLPRegressor", COUNTS, {"loss": "poisson", "solver": "lbfgs", "max_iter": 20}),
    ],
)
def test_losses_weights_and_attributes_are_theirs(kind, data, settings):
    a, b = both(kind, data, **settings)
    if settings.get("solver") != "lbfgs":
        np.testing.assert_allclose(b.loss_curve_, a.loss_curve_, rtol=1e-10)
        for name in ("best_loss_", "validation_scores_", "best_validation_score_"):
            wanted = getattr(a, name)
            assert getattr(b, name) == (None if wanted is None else pytest.approx(wanted, rel=1e-9)), name
        assert a._no_improvement_count == b._no_improvement_count
    for mine, other in zip([*b.coefs_, *b.intercepts_], [*a.coefs_, *a.intercepts_], strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-9)
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
    assert b.loss_ == pytest.approx(a.loss_, rel=1e-9)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(b, name) == getattr(a, name), name
    np.testing.assert_array_equal(a.predict(data[0]) if kind == "MLPClassifier" else 0,
                                  b.predict(data[0]) if kind == "MLPClassifier" else 0)  # fmt: skip


def test_the_parameters_are_theirs_with_their_defaults():
    for kind in ("MLPClassifier", "MLPRegressor"):
        wanted, given = getattr(theirs, kind)().get_params(), getattr(cr, kind)().get_params()
        assert wanted.items() <= given.items()


def test_of_several_outputs_the_weights_are_theirs_and_the_losses_add_up():
    a, b = both("MLPRegressor", PAIRS, alpha=0.0)
    np.testing.assert_allclose(b.coefs_[0], a.coefs_[0], atol=1e-9)
    np.testing.assert_allclose(b.loss_curve_, 2 * np.array(a.loss_curve_), rtol=1e-9)


def test_partial_fit_and_warm_start_go_on_as_theirs():
    X, y = IRIS
    for settings in ({"solver": "adam"}, {**SGD, "learning_rate": "invscaling"}):
        curves = []
        for module in (theirs, cr):
            model: Any = module.MLPClassifier(8, random_state=0, max_iter=5, warm_start=True, **settings)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(X, y).fit(X, y)
            model.set_params(warm_start=False)
            for _ in range(3):
                model.partial_fit(X[:100], y[:100])
            curves.append((model.loss_curve_, model.coefs_[0], model.n_iter_, model.t_))
        np.testing.assert_allclose(curves[1][0], curves[0][0], rtol=1e-10)
        np.testing.assert_allclose(curves[1][1], curves[0][1], atol=1e-10)
        assert curves[0][2:] == curves[1][2:]


def test_a_shared_stream_of_random_numbers_is_left_as_they_leave_it():
    X, y = IRIS
    left = []
    for module in (theirs, cr):
        random = np.random.RandomState(5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module.MLPClassifier(4, random_state=random, max_iter=300, tol=0.05, n_iter_no_change=2).fit(X, y)
        left.append(random.rand())
    assert left[0] == left[1]


def test_messages_are_theirs():
    X, y = IRIS
    cases: list[tuple[dict[str, Any], Any, Any]] = [
        ({"hidden_layer_sizes": (4, 0)}, X, y),
        ({"alpha": -1}, X, y),
        ({"solver": "newton"}, X, y),
        ({}, X[:0], y[:0]),
        ({}, np.where(X > 7, np.nan, X), y),
        ({}, X, y[:-1]),
        ({}, X[:, 0], y),
        ({"early_stopping": True, "validation_fraction": 0.001}, X, y),
    ]
    for settings, features, target in cases:
        said = []
        for module in (theirs, cr):
            with pytest.raises(ValueError) as raised:  # noqa: PT011  the messages are compared
                module.MLPClassifier(**settings).fit(features, target)
            said.append((type(raised.value), sorted(str(raised.value))))  # it lists sets in any order
        assert said[0] == said[1]


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_what_is_said_of_data_at_prediction_is_theirs():
    pandas = pytest.importorskip("pandas")
    X, y = IRIS
    table = pandas.DataFrame(X, columns=list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b = (module.MLPClassifier(4, max_iter=2, random_state=0).fit(table, y) for module in (theirs, cr))
    assert b.feature_names_in_.tolist() == list("abcd")
    bad: list[Any] = [X[:, :3], np.full((1, 4), np.inf), X[0], table[list("dcba")], [["x", 1, 2, 3]]]
    for features in bad:
        said = []
        for model in (a, b):
            with pytest.raises(ValueError) as raised:  # noqa: PT011  the messages are compared
                model.predict(features)
            said.append(str(raised.value))
        assert said[0] == said[1]
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        b.predict(X[:1])


def test_verbose_prints_what_theirs_prints(capsys):
    X, y = CANCER
    printed = []
    for module in (theirs, cr):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            settings = {"early_stopping": True, "max_iter": 60, "n_iter_no_change": 2, "random_state": 0}
            adaptive = {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.2}
            module.MLPClassifier(4, verbose=True, **settings, **adaptive).fit(X, y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Setting learning rate" in printed[0]
