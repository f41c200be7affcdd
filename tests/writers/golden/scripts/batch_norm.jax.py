"""5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum

Derived and written by chainrule; needs JAX.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import relu, sigmoid, softplus


@jax.jit
def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """One training step on X (N, 5) and y (N, 1).

    Returns the loss before it, the new parameters and state.
    """
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # forward
    z1 = X @ W1
    mean1 = z1.mean(axis=0)
    variance1 = z1.var(axis=0)
    std1 = jnp.sqrt(variance1 + 1e-5)
    n1 = (z1 - mean1) / std1
    a1 = relu(gamma1 * n1 + beta1)
    z2 = a1 @ W2 + b2
    p = sigmoid(z2)

    # loss
    data_loss = (softplus(z2) - y * z2).mean()

    # backward
    delta2 = (p - y) / N
    ds1 = (delta2 @ W2.T) * (a1 > 0)
    dn1 = ds1 * gamma1
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1
    dW1 = X.T @ delta1
    dgamma1, dbeta1 = (ds1 * n1).sum(axis=0), ds1.sum(axis=0)
    dW2, db2 = a1.T @ delta2, delta2.sum(axis=0)

    # update
    def update(w, dw, v):
        v = mu * v + dw
        w -= learning_rate * v
        return w, v

    W1, vW1 = update(W1, dW1, vW1)
    gamma1, vgamma1 = update(gamma1, dgamma1, vgamma1)
    beta1, vbeta1 = update(beta1, dbeta1, vbeta1)
    W2, vW2 = update(W2, dW2, vW2)
    b2, vb2 = update(b2, db2, vb2)
    running_mean1 = 0.9 * running_mean1 + 0.1 * mean1
    running_variance1 = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)

    return (
        data_loss,
        (W1, gamma1, beta1, W2, b2),
        (vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1),
    )


@jax.jit
def predict(X, parameters, state):
    """The output for the rows of X (N, 5)."""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    std1 = jnp.sqrt(running_variance1 + 1e-5)
    n1 = (X @ W1 - running_mean1) / std1
    a1 = relu(gamma1 * n1 + beta1)
    return sigmoid(a1 @ W2 + b2)


# the data
X = np.array([
    [1.76, 0.4, 0.98, 2.24, 1.87],
    [-0.98, 0.95, -0.15, -0.1, 0.41],
    [0.14, 1.45, 0.76, 0.12, 0.44],
    [0.33, 1.49, -0.21, 0.31, -0.85],
    [-2.55, 0.65, 0.86, -0.74, 2.27],
    [-1.45, 0.05, -0.19, 1.53, 1.47],
    [0.15, 0.38, -0.89, -1.98, -0.35],
    [0.16, 1.23, 1.2, -0.39, -0.3],
    [-1.05, -1.42, -1.71, 1.95, -0.51],
    [-0.44, -1.25, 0.78, -1.61, -0.21],
    [-0.9, 0.39, -0.51, -1.18, -0.03],
    [0.43, 0.07, 0.3, -0.63, -0.36],
    [-0.67, -0.36, -0.81, -1.73, 0.18],
    [-0.4, -1.63, 0.46, -0.91, 0.05],
    [0.73, 0.13, 1.14, -1.23, 0.4],
    [-0.68, -0.87, -0.58, -0.31, 0.06],
    [-1.17, 0.9, 0.47, -1.54, 1.49],
], dtype=np.float32)
y = np.array([
    [0.22], [0.95], [0.45], [0.85], [0.7], [0.3], [0.81], [0.4], [0.88], [0.58], [0.88], [0.69],
    [0.73], [0.5], [0.96], [0.64], [0.42],
], dtype=np.float32)

# the parameters: weights start at random
random = np.random.RandomState(2)
limit = math.sqrt(6 / 5)
W1 = random.uniform(-limit, limit, (5, 6)).astype(np.float32)
gamma1 = np.ones(6, np.float32)
beta1 = np.zeros(6, np.float32)
limit = math.sqrt(6 / (6 + 1))
W2 = random.uniform(-limit, limit, (6, 1)).astype(np.float32)
b2 = np.zeros(1, np.float32)
parameters = W1, gamma1, beta1, W2, b2

# the state: what a step hands on to the next
vW1 = np.zeros_like(W1)
vgamma1 = np.zeros_like(gamma1)
vbeta1 = np.zeros_like(beta1)
vW2 = np.zeros_like(W2)
vb2 = np.zeros_like(b2)
running_mean1 = np.zeros(6, np.float32)
running_variance1 = np.ones(6, np.float32)
state = vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1

# the training
for epoch in range(20):
    if epoch % 2 == 0:
        error = np.abs(predict(X, parameters, state) - y).mean()
        print(f"epoch {epoch}: mean absolute error {error:.6g}")
    order = random.permutation(len(X))
    total = 0.0
    for start in range(0, len(X) - 1, 8):
        stop = len(X) if len(X) - start == 9 else start + 8  # no batch of one row
        rows = order[start:stop]
        loss, parameters, state = step(X[rows], y[rows], parameters, state)
        total += len(rows) * float(loss)
    loss = total / len(X)

print(f"loss in the last epoch: {loss:.10g}")
print("output for the first rows:")
for output in predict(X, parameters, state)[:4]:
    print(*(f"{value:.10g}" for value in output))
