"""Fisher's iris: from the table to a trained network, step by step. Run it as `python examples/iris.py`."""

from pathlib import Path

import chainrule as cr
from chainrule.data import Preparation, find_roles, read_csv, split

# the table, and a third of each species set aside for the test
table = read_csv(Path(__file__).parent / "iris.csv")
roles = find_roles(table, target="species")
train, test = split(len(table), 1 / 3, seed=0, strata=roles.strata(table))

# what there is to know of the columns is learned from the training rows only
preparation = Preparation.fit(table.take(train), roles)
X, Y = preparation.transform(table.take(train)), preparation.transform_target(table.take(train))
X_test, Y_test = preparation.transform(table.take(test)), preparation.transform_target(table.take(test))

# declare, derive: this is the whole training step
net = cr.Network(preparation.width, [cr.Dense(8, "relu"), cr.Dense(preparation.outputs, "softmax")])
program = cr.derive(net, loss="softmax_cross_entropy", optimizer=cr.Adam(0.01), penalty=cr.L2(0.01))
print(net, program, sep="\n\n")

# run exactly what was printed
run = cr.Training(program, X, Y, epochs=100, batch_size=20, seed=0, metrics=["accuracy"]).fit()
print(f"loss {run.history['loss'][0]:.3f} -> {run.history['loss'][-1]:.3f}")
print(f"accuracy on {len(test)} flowers it has not seen: {run.evaluate(X_test, Y_test)['accuracy']:.2f}")
