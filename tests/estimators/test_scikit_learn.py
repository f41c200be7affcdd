"""scikit-learn's own tests, run on ours: its test module with the two class names bound anew, and `check_estimator`."""

import inspect
import types
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.neural_network.tests import test_mlp as theirs
from sklearn.utils.estimator_checks import parametrize_with_checks

import chainrule as cr

# It calls scikit-learn's private _loss_grad_lbfgs; below the same is asked of the program.
PRIVATE = {"test_gradient"}
FROM_SKLEARN = "from sklearn.neural_network import MLPClassifier, MLPRegressor"


def rebound() -> types.ModuleType:
    module = types.ModuleType("rebound_test_mlp")
    source = inspect.getsource(theirs)
    assert source.count(FROM_SKLEARN) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its data sets warn of while it is loaded
        exec(compile(source.replace(FROM_SKLEARN, FROM_SKLEARN.replace("sklearn.neural_network", "chainrule")),
                     theirs.__file__, "exec"), vars(module))  # fmt: skip
    assert (module.MLPClassifier, module.MLPRegressor) == (cr.MLPClassifier, cr.MLPRegressor)
    return module


def named_test(module: types.ModuleType) -> Iterator[tuple[str, object]]:
    for name, value in vars(module).items():
        if name.startswith("test_") and name not in PRIVATE:
            yield name, value


globals().update(named_test(rebound()))


@pytest.fixture
def global_random_seed() -> int:
    """The seed that scikit-learn's own tests get from its conftest."""
    return 42


def test_all_of_them_are_here():
    theirs_by_name = {name for name, value in vars(theirs).items() if name.startswith("test_") and callable(value)}
    assert theirs_by_name - set(globals()) == PRIVATE


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_the_gradient_of_lbfgs_is_that_of_its_loss(labels, activation):
    """What scikit-learn's test_gradient asks: public here, for the program that was solved is `program_`."""
    X = np.random.RandomState(42).rand(5, 10)
    y = 1 + np.mod(np.arange(5) + 1, labels)
    clf = cr.MLPClassifier(10, activation, solver="lbfgs", alpha=1e-5, max_iter=1, random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf.fit(X, y)
    columns = (y[:, None] == clf.classes_).astype(float) if labels > 2 else (y == 2).astype(float)[:, None]
    found = cr.check_gradients(clf.program_, X, columns, parameters=clf.parameters_)
    assert found.passed


# Fast on NumPy: the many small networks would all be compiled.
@parametrize_with_checks([
    cr.MLPClassifier(max_iter=100, engine="numpy"),
    cr.MLPRegressor(max_iter=100, engine="numpy"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_check_estimator(estimator, check):
    check(estimator)
