"""scikit-learn's own tests of its perceptrons, run on ours: the two class names are bound anew in a copy of its module."""

import inspect
import types

import pytest
from sklearn.neural_network.tests import test_mlp as theirs

import chainrule as cr

# These look into private attributes; `test_private.py` asks the same of public ones.
PRIVATE = {
    "test_gradient",  # _loss_grad_lbfgs
}


def rebound() -> types.ModuleType:
    module = types.ModuleType("rebound_test_mlp")
    source = inspect.getsource(theirs).replace(
        "from sklearn.neural_network import MLPClassifier, MLPRegressor",
        "from chainrule import MLPClassifier, MLPRegressor",
    )
    exec(compile(source, theirs.__file__, "exec"), vars(module))
    assert module.MLPClassifier is cr.MLPClassifier
    assert module.MLPRegressor is cr.MLPRegressor
    return module


globals().update({name: test for name, test in vars(rebound()).items() if name.startswith("test_") and name not in PRIVATE})


@pytest.fixture
def global_random_seed() -> int:
    return 42
