"""5-6-1 relu, sigmoid; binary cross entropy; Momentum

Derived and written by chainrule; needs NumPy only.

The names of the founding texts, beside ours:
    l0 = X: the input
    syn0, syn1 = W1, W2: the weights, there called synapses
    l1, l2 = a1, p: the activation of the layer
    l1_error = -error1: the error, with the opposite sign
    l1_delta, l2_delta = -delta1, -delta2: delta, with the opposite sign
The founding texts take target minus output (y - a) as the error, we take dL/da = a - y. So they
add to the weights where we subtract: the step is the same.
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
    z1 = X @ W1                                             # (N, 6)  pre-activation: weighted sum of the inputs
    mean1 = z1.mean(axis=0)                                 # (6,)  mean of each column over the batch
    variance1 = z1.var(axis=0)                              # (6,)  variance of each column over the batch
    std1 = np.sqrt(variance1 + 1e-5)                        # (6,)  standard deviation; a small epsilon avoids dividing by 0
    n1 = (z1 - mean1) / std1                                # (N, 6)  normalized: minus mean, divided by standard deviation
    s1 = gamma1 * n1 + beta1                                # (N, 6)  scaled and shifted: gamma and beta are learned
    a1 = relu(s1)                                           # (N, 6)  activation: what each neuron passes on  [l1]
    z2 = a1 @ W2 + b2                                       # (N, 1)  pre-activation: weighted sum of the inputs
    p = sigmoid(z2)                                         # (N, 1)  output as a probability, between 0 and 1  [l2]

    # loss
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()       # loss: one number for how far outputs are from targets

    # backward: delta = error * slope
    delta2 = (p - y) / N                                    # (N, 1)  delta (dL/dz): loss cancels slope, leaving output - target  [-l2_delta]
    error1 = delta2 @ W2.T                                  # (N, 6)  error (dL/da): blame passed back through the weights  [-l1_error]
    slope1 = a1 > 0                                         # (N, 6)  slope of the activation: how strongly it reacts to z
    ds1 = error1 * slope1                                   # (N, 6)  delta (dL/dz) = error * slope
    dn1 = ds1 * gamma1                                      # (N, 6)  how the loss changes with this value (its derivative)
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1  # (N, 6)  how the loss changes with this value (its derivative)  [-l1_delta]
    dW1 = X.T @ delta1                                      # (5, 6)  gradient of the weights: input * delta, summed over samples
    dgamma1 = (ds1 * n1).sum(axis=0)                        # (6,)  gradient: how the loss changes with this parameter
    dbeta1 = ds1.sum(axis=0)                                # (6,)  gradient: how the loss changes with this parameter
    dW2 = a1.T @ delta2                                     # (6, 1)  gradient of the weights: input * delta, summed over samples
    db2 = delta2.sum(axis=0)                                # (1,)  gradient of the bias: delta, summed over samples

    # update
    vW1[...] = mu * vW1 + dW1
    W1 -= learning_rate * vW1                               # (5, 6)  each parameter takes a step against its gradient  [syn0]
    vgamma1[...] = mu * vgamma1 + dgamma1
    gamma1 -= learning_rate * vgamma1                       # (6,)  each parameter takes a step against its gradient
    vbeta1[...] = mu * vbeta1 + dbeta1
    beta1 -= learning_rate * vbeta1                         # (6,)  each parameter takes a step against its gradient
    vW2[...] = mu * vW2 + dW2
    W2 -= learning_rate * vW2                               # (6, 1)  each parameter takes a step against its gradient  [syn1]
    vb2[...] = mu * vb2 + db2
    b2 -= learning_rate * vb2                               # (1,)  each parameter takes a step against its gradient
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1  # (6,)  running average over the batches, used for prediction
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)  # (6,)  running average over the batches, used for prediction

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
