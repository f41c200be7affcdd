"""The preparation as a scikit-learn transformer."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import chainrule as cr
from chainrule.data import Preparation, as_table, find_roles
from tests.tools import Late

pd, pl = Late("pandas"), Late("polars")


@parametrize_with_checks([cr.TablePreparer()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def frame():
    random = np.random.RandomState(0)
    found = pd.DataFrame({
        "age": random.uniform(18, 80, 60), "income": random.normal(1e9, 10, 60), "constant": 7,
        "color": random.choice(["red", "green", "blue"], 60),
    })  # fmt: skip
    found.loc[::9, "age"] = np.nan
    found.loc[::13, "color"] = None
    return found


def test_it_is_the_preparation_of_train():
    X = frame()
    labels = np.where(np.arange(60) % 2, "yes", "no")
    table = as_table(X.assign(sold=labels))
    roles = find_roles(table, "sold")
    wanted = Preparation.fit(table, roles)
    found = cr.TablePreparer().fit(X)
    np.testing.assert_array_equal(found.transform(X), wanted.transform(table))
    assert tuple(found.get_feature_names_out()) == wanted.feature_names
    assert found.n_features_in_ == 4
    new = pd.DataFrame({"age": [np.nan], "income": [1e9], "constant": [8], "color": ["unseen"]})
    row = found.transform(new)[0]
    assert (row[1], row[3], row[4:].sum()) == (1.0, 0.0, 0.0)


def test_names_sets_clones_and_pickles():
    X = frame()
    made = cr.TablePreparer().fit(X)
    names = ["age", "age is missing", "income", "constant"]
    names += ["color is missing", "color=blue", "color=green", "color=red"]
    assert list(made.get_feature_names_out()) == names
    as_frame = clone(made).set_output(transform="pandas").fit_transform(X)
    assert list(as_frame.columns) == names
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.transform(X), made.transform(X))
    np.testing.assert_array_equal(made.fit(X).transform(pl.from_pandas(X)), again.transform(X))
    with pytest.raises(NotFittedError):
        clone(made).transform(X)
    same = pd.DataFrame({"a": ["b=c", "x"], "a=b": ["c", "y"]})
    found = list(cr.TablePreparer().fit(same).get_feature_names_out())
    assert len(set(found)) == len(found) == 4
    assert found[0] == "a=b=c"


def test_in_company():
    X, y = frame(), (frame()["age"].fillna(40) > 45).to_numpy()
    mlp = cr.MLPClassifier((8,), max_iter=200, random_state=0, learning_rate_init=0.02)
    pipe = make_pipeline(cr.TablePreparer(), mlp).fit(X, y)
    assert pipe.score(X, y) > 0.9
    assert cross_val_score(make_pipeline(cr.TablePreparer(), LogisticRegression()), X, y, cv=3).min() > 0.7
    search = GridSearchCV(make_pipeline(cr.TablePreparer(), LogisticRegression()), {"logisticregression__C": [0.1, 1]})
    assert search.fit(X, y).best_score_ > 0.7
    columns = ColumnTransformer([("table", cr.TablePreparer(), ["age", "color"])], remainder="passthrough").fit(X)
    assert columns.transform(X).shape == (60, 8)
    names = ["table__age", "table__age is missing", "table__color is missing"]
    assert list(columns.get_feature_names_out())[:3] == names


def test_arrays():
    numbers = np.array([[1.0, np.nan], [3.0, 4.0], [5.0, 6.0]])
    made = cr.TablePreparer().fit(numbers)
    assert list(made.get_feature_names_out()) == ["x0", "x1", "x1 is missing"]
    mixed = np.array([["red", 1], ["blue", 2], [None, 3]], dtype=object)
    assert list(cr.TablePreparer().fit(mixed).get_feature_names_out()) == ["x0 is missing", "x0=blue", "x0=red", "x1"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"when": np.array(["2024-01-01", "2024-01-02"], "datetime64[ns]")}, "holds dates or times"),
        ({"when": ["2024-01-01", "2024-01-02"]}, "holds dates"),
        ({"price": ["1_000", "2_000"]}, "holds numbers such as '1_000'"),
        ({"nothing": [np.nan, np.nan]}, "every cell is empty"),
        ({"x": [1.0, np.inf]}, "row 2, column 'x': inf is not a number"),
        ({"id": [f"n{i}" for i in range(1001)]}, "1,001 different texts"),
        ({"x": [[1], [2]]}, "column 'x'"),
    ],
)
def test_what_it_refuses(columns, message):
    with pytest.raises(ValueError, match=message):
        cr.TablePreparer().fit(pd.DataFrame(columns))


def test_what_it_refuses_later():
    made = cr.TablePreparer().fit(pd.DataFrame({"x": [1.0, 1.0 + 1e-300, 2.0], "y": [1e-300, 2e-300, 3e-300]}))
    with pytest.raises(ValueError, match="too far from the other values of column 'y'"):
        made.transform(pd.DataFrame({"x": [1.0], "y": [1e300]}))
    with pytest.raises(ValueError, match="'tall' is not a number"):
        made.transform(pd.DataFrame({"x": ["tall"], "y": [1.0]}))
    with pytest.raises(ValueError, match="feature names should match"):
        made.transform(pd.DataFrame({"z": [1.0], "y": [1.0]}))
