"""In scikit-learn's company: pipelines, searches, calibration, processes."""

import warnings

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import chainrule as cr

X, y = load_breast_cancer(return_X_y=True)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def pipeline(**settings):
    return make_pipeline(
        StandardScaler(), cr.MLPClassifier(8, random_state=0, max_iter=50, learning_rate_init=0.01, **settings)
    )


def test_a_pipeline_is_searched_over_widths_formulas_and_penalties():
    grid = {
        "mlpclassifier__activation": ["relu", "z * sigmoid(2 * z)"],
        "mlpclassifier__alpha": [1e-4, 1.0],
        "mlpclassifier__optimizer": [None, cr.Adam(0.01)],
    }
    search = GridSearchCV(pipeline(), grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.95
    assert len(search.cv_results_["params"]) == 8


def test_columns_of_a_table_are_prepared_and_named():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X[:, :3], columns=["a", "b", "c"]).assign(kind=np.where(X[:, 3] > 500, "big", "small"))
    prepared = ColumnTransformer([("numbers", StandardScaler(), ["a", "b", "c"]), ("kinds", OneHotEncoder(), ["kind"])])
    prepared.set_output(transform="pandas")
    prepared.set_params(kinds__sparse_output=False)
    model = make_pipeline(prepared, cr.MLPClassifier(8, random_state=0)).fit(table, y)
    assert model[-1].feature_names_in_.tolist()[:3] == ["numbers__a", "numbers__b", "numbers__c"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.score(table, y) > 0.85


def test_probabilities_are_calibrated():
    model = CalibratedClassifierCV(pipeline(), cv=3).fit(X, y)
    assert model.score(X, y) > 0.95


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_processes_and_threads_give_what_one_gives(backend):
    import joblib

    alone = cross_val_score(pipeline(), X, y, cv=3)
    with joblib.parallel_backend(backend, n_jobs=2), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = cross_val_score(pipeline(), X, y, cv=3)
    np.testing.assert_array_equal(alone, together)
    assert alone.mean() > 0.95


def test_ensembles_and_several_targets():
    assert BaggingClassifier(pipeline(), n_estimators=3, random_state=0).fit(X, y).score(X, y) > 0.95
    stacked = StackingClassifier(
        [("mlp", pipeline()), ("linear", make_pipeline(StandardScaler(), LogisticRegression()))]
    )
    assert stacked.fit(X, y).score(X, y) > 0.95
    two = MultiOutputClassifier(pipeline()).fit(X, np.column_stack([y, X[:, 0] > 15]))
    assert two.predict(X).shape == (len(X), 2)


def test_a_regressor_with_a_scaled_target():
    data, target = load_diabetes(return_X_y=True)
    model = TransformedTargetRegressor(
        make_pipeline(
            StandardScaler(), cr.MLPRegressor(hidden_layer_sizes=8, random_state=0, solver="lbfgs", alpha=20.0)
        ),
        transformer=StandardScaler(),
    )
    assert cross_val_score(model, data, target, cv=3).mean() > 0.4
