"""5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum

Derived and written by chainrule; needs NumPy.

The names of the founding texts, beside ours:
    l0 = X: the input
    syn0, syn1 = W1, W2: the weights, there called synapses
    l1, l2 = a1, p: the activation of the layer
    l1_error = -error1: the error, with the opposite sign
    l1_delta, l2_delta = -delta1, -delta2: delta, with the opposite sign
The founding texts take target minus output (y - a) as the error, we take dL/da = a - y. So they
add to the weights where we subtract: the step is the same.

parameters: W1 (5, 6) random, gamma1 (6,) ones, beta1 (6,) zeros, W2 (6, 1) random, b2 (1,) zeros
state: vW1 to vb2 zeros in the shape of their parameters, running_mean1 (6,) zeros,
    running_variance1 (6,) ones
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """One training step on X (N, 5) and y (N, 1), in place; returns the loss before it."""
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # forward
    z1 = X @ W1                       # (N, 6)  pre-activation: weighted sum of the inputs
    mean1 = z1.mean(axis=0)           # (6,)  mean of each column over the batch
    variance1 = z1.var(axis=0)        # (6,)  variance of each column over the batch
    std1 = np.sqrt(variance1 + 1e-5)  # (6,)  standard deviation; a small epsilon avoids dividing by 0
    n1 = (z1 - mean1) / std1          # (N, 6)  normalized: minus mean, divided by standard deviation
    s1 = gamma1 * n1 + beta1          # (N, 6)  scaled and shifted: gamma and beta are learned
    a1 = relu(s1)                     # (N, 6)  activation: what each neuron passes on  [l1]
    z2 = a1 @ W2 + b2                 # (N, 1)  pre-activation: weighted sum of the inputs
    p = sigmoid(z2)                   # (N, 1)  output as a probability, between 0 and 1  [l2]

    # loss
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()  # loss: one number for how far outputs are from targets

    # backward: delta = error * slope
    # (N, 1)  delta (dL/dz): loss cancels slope, leaving output - target; divided, as the loss is a mean 
    # [-l2_delta]
    delta2 = (p - y) / N
    error1 = delta2 @ W2.T    # (N, 6)  error (dL/da): blame passed back through the weights  [-l1_error]
    slope1 = a1 > 0           # (N, 6)  slope of the activation: how strongly it reacts to z
    ds1 = error1 * slope1     # (N, 6)  dL/ds = error * slope
    dn1 = ds1 * gamma1        # (N, 6)  dL/dn: passed back through the scale gamma
    # (N, 6)  delta (dL/dz): passed back through the normalization  [-l1_delta]
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1
    dW1 = X.T @ delta1        # (5, 6)  gradient of the weights: input * delta, summed over samples
    # (6,)  gradient: how the loss changes with this parameter
    dgamma1 = (ds1 * n1).sum(axis=0)
    dbeta1 = ds1.sum(axis=0)  # (6,)  gradient: how the loss changes with this parameter
    dW2 = a1.T @ delta2       # (6, 1)  gradient of the weights: input * delta, summed over samples
    db2 = delta2.sum(axis=0)  # (1,)  gradient of the bias: delta, summed over samples

    # update
    # the same for every parameter w, with its gradient dw
    for w, dw, v in (
        (W1, dW1, vW1),
        (gamma1, dgamma1, vgamma1),
        (beta1, dbeta1, vbeta1),
        (W2, dW2, vW2),
        (b2, db2, vb2),
    ):
        v[...] = mu * v + dw    # velocity: the old one times mu, plus the gradient
        w -= learning_rate * v  # each parameter takes a step against its velocity
    # (6,)  running average over the batches, used for prediction
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1
    # (6,)  running average over the batches, used for prediction
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)

    return data_loss


def predict(X, parameters, state):
    """The output for the rows of X (N, 5)."""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    z1 = X @ W1                               # (N, 6)  pre-activation: weighted sum of the inputs
    std1 = np.sqrt(running_variance1 + 1e-5)  # (6,)  standard deviation; a small epsilon avoids dividing by 0
    n1 = (z1 - running_mean1) / std1          # (N, 6)  normalized: minus mean, divided by standard deviation
    s1 = gamma1 * n1 + beta1                  # (N, 6)  scaled and shifted: gamma and beta are learned
    a1 = relu(s1)                             # (N, 6)  activation: what each neuron passes on  [l1]
    z2 = a1 @ W2 + b2                         # (N, 1)  pre-activation: weighted sum of the inputs
    p = sigmoid(z2)                           # (N, 1)  output as a probability, between 0 and 1  [l2]
    return p
