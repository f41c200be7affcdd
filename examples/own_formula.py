"""An activation from a paper, typed as a formula: derived, printed, checked and run like the built-in ones."""

import numpy as np

import chainrule as cr

# Ramachandran, Zoph & Le (2017): swish, with a slope that is learned
swish = cr.formula("swish", "z * sigmoid(beta * z)", beta=1.0, trainable=["beta"])

net = cr.Network(2, [cr.Dense(8, swish), cr.Dense(1, "sigmoid")])
program = cr.derive(net, loss="binary_cross_entropy", optimizer=cr.Adam(0.05))
print(program)

# XOR
X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
run = cr.Training(program, X, y, epochs=400, seed=1, dtype="float64").fit()
print(f"beta learned: {run.parameters['beta1']:.3f}")
print("answers to 0 xor 0, 0 xor 1, 1 xor 0, 1 xor 1:", run.predict(X)[:, 0].round(3).tolist())

# is the derived gradient right? compare it with differences
print(cr.check_gradients(program, X, y))
