"""6-8-4-1 tanh, linear, dropout 0.2; half mean squared error; Nesterov momentum; L2 penalty

Derived and written by chainrule; needs JAX.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


@jax.jit
def step(X, y, mask1, mask2, parameters, state, learning_rate=0.01, mu=0.9, l2=1e-4):
    """One training step on X (N, 6) and y (N, 1).

    Returns the loss before it, the new parameters and state.
    mask1, mask2: 1 for a unit that is kept (probability 0.8), else 0.
    """
    W1, b1, W2, b2, W3, b3 = parameters
    vW1, vb1, vW2, vb2, vW3, vb3 = state
    N = len(X)

    # forward
    a1 = jnp.tanh(X @ W1 + b1)
    h1 = a1 * (mask1 / 0.8)
    a2 = jnp.tanh(h1 @ W2 + b2)
    h2 = a2 * (mask2 / 0.8)
    z3 = h2 @ W3 + b3

    # loss
    data_loss = 0.5 * ((z3 - y)**2).mean()
    loss = data_loss + 0.5 * l2 * ((W1**2).sum() + (W2**2).sum() + (W3**2).sum())

    # backward
    delta3 = (z3 - y) / N
    delta2 = (delta3 @ W3.T) * (mask2 / 0.8) * (1 - a2**2)
    delta1 = (delta2 @ W2.T) * (mask1 / 0.8) * (1 - a1**2)
    dW1, db1 = X.T @ delta1 + l2 * W1, delta1.sum(axis=0)
    dW2, db2 = h1.T @ delta2 + l2 * W2, delta2.sum(axis=0)
    dW3, db3 = h2.T @ delta3 + l2 * W3, delta3.sum(axis=0)

    # update
    def update(w, dw, v):
        v = mu * v + dw
        w -= learning_rate * (dw + mu * v)
        return w, v

    W1, vW1 = update(W1, dW1, vW1)
    b1, vb1 = update(b1, db1, vb1)
    W2, vW2 = update(W2, dW2, vW2)
    b2, vb2 = update(b2, db2, vb2)
    W3, vW3 = update(W3, dW3, vW3)
    b3, vb3 = update(b3, db3, vb3)

    return loss, (W1, b1, W2, b2, W3, b3), (vW1, vb1, vW2, vb2, vW3, vb3)


@jax.jit
def predict(X, parameters):
    """The output for the rows of X (N, 6)."""
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = jnp.tanh(X @ W1 + b1)
    a2 = jnp.tanh(a1 @ W2 + b2)
    return a2 @ W3 + b3


# the data
X = np.array([
    [1.76, 0.4, 0.98, 2.24, 1.87, -0.98],
    [0.95, -0.15, -0.1, 0.41, 0.14, 1.45],
    [0.76, 0.12, 0.44, 0.33, 1.49, -0.21],
    [0.31, -0.85, -2.55, 0.65, 0.86, -0.74],
    [2.27, -1.45, 0.05, -0.19, 1.53, 1.47],
    [0.15, 0.38, -0.89, -1.98, -0.35, 0.16],
    [1.23, 1.2, -0.39, -0.3, -1.05, -1.42],
    [-1.71, 1.95, -0.51, -0.44, -1.25, 0.78],
    [-1.61, -0.21, -0.9, 0.39, -0.51, -1.18],
    [-0.03, 0.43, 0.07, 0.3, -0.63, -0.36],
], dtype=np.float64)
y = np.array([
    [0.3], [0.12], [0.32], [0.41], [0.06], [0.69], [0.57], [0.27], [0.52], [0.09],
], dtype=np.float64)

# the parameters: weights start at random
random = np.random.RandomState(3)
limit = math.sqrt(6 / (6 + 8))
W1 = random.uniform(-limit, limit, (6, 8))
b1 = np.zeros(8)
limit = math.sqrt(6 / (8 + 4))
W2 = random.uniform(-limit, limit, (8, 4))
b2 = np.zeros(4)
limit = math.sqrt(6 / (4 + 1))
W3 = random.uniform(-limit, limit, (4, 1))
b3 = np.zeros(1)
parameters = W1, b1, W2, b2, W3, b3

# the state: what a step hands on to the next
vW1 = np.zeros_like(W1)
vb1 = np.zeros_like(b1)
vW2 = np.zeros_like(W2)
vb2 = np.zeros_like(b2)
vW3 = np.zeros_like(W3)
vb3 = np.zeros_like(b3)
state = vW1, vb1, vW2, vb2, vW3, vb3

# the training
for epoch in range(12):
    if epoch % 2 == 0:
        error = np.abs(predict(X, parameters) - y).mean()
        print(f"epoch {epoch}: mean absolute error {error:.12g}")
    order = random.permutation(len(X))
    total = 0.0
    for start in range(0, len(X), 4):
        rows = order[start : start + 4]
        mask1 = (random.random_sample((len(rows), 8)) < 0.8).astype(X.dtype)
        mask2 = (random.random_sample((len(rows), 4)) < 0.8).astype(X.dtype)
        loss, parameters, state = step(X[rows], y[rows], mask1, mask2, parameters, state,
                                       learning_rate=0.05)
        total += len(rows) * float(loss)
    loss = total / len(X)

print(f"loss in the last epoch: {loss:.10g}")
print("output for the first rows:")
for output in predict(X, parameters)[:4]:
    print(*(f"{value:.10g}" for value in output))
