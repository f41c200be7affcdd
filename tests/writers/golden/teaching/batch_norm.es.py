"""5-6-1 relu, sigmoid; binary cross entropy; Momentum

Derived and written by chainrule; needs NumPy only.

Los nombres de los textos fundadores, junto a los nuestros:
    l0 = X: la entrada
    syn0, syn1 = W1, W2: los pesos, allí llamados sinapsis
    l1, l2 = a1, p: la activación de la capa
    l1_error = -error1: el error, con el signo contrario
    l1_delta, l2_delta = -delta1, -delta2: delta, con el signo contrario
Los textos fundadores toman como error el objetivo menos la salida (y - a); aquí es dL/da = a -
y. Por eso ellos suman a los pesos lo que aquí se resta: el paso es el mismo.
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

    # hacia delante
    z1 = X @ W1                                             # (N, 6)  preactivación: suma ponderada de las entradas
    mean1 = z1.mean(axis=0)                                 # (6,)  media de cada columna en el lote
    variance1 = z1.var(axis=0)                              # (6,)  varianza de cada columna en el lote
    std1 = np.sqrt(variance1 + 1e-5)                        # (6,)  desviación estándar; un épsilon pequeño evita dividir por 0
    n1 = (z1 - mean1) / std1                                # (N, 6)  normalizado: menos la media, dividido por la desviación estándar
    s1 = gamma1 * n1 + beta1                                # (N, 6)  escalado y desplazado: gamma y beta se aprenden
    a1 = relu(s1)                                           # (N, 6)  activación: lo que cada neurona transmite  [l1]
    z2 = a1 @ W2 + b2                                       # (N, 1)  preactivación: suma ponderada de las entradas
    p = sigmoid(z2)                                         # (N, 1)  salida como probabilidad, entre 0 y 1  [l2]

    # pérdida
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()       # pérdida: un número que dice cuánto dista la salida del objetivo

    # hacia atrás: delta = error * pendiente
    delta2 = (p - y) / N                                    # (N, 1)  delta (dL/dz): la pérdida cancela la pendiente: salida - objetivo  [-l2_delta]
    error1 = delta2 @ W2.T                                  # (N, 6)  error (dL/da): la culpa que vuelve a través de los pesos  [-l1_error]
    slope1 = a1 > 0                                         # (N, 6)  pendiente de la activación: cuánto reacciona a z
    ds1 = error1 * slope1                                   # (N, 6)  delta (dL/dz) = error * pendiente
    dn1 = ds1 * gamma1                                      # (N, 6)  cómo cambia la pérdida con este valor (su derivada)
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1  # (N, 6)  cómo cambia la pérdida con este valor (su derivada)  [-l1_delta]
    dW1 = X.T @ delta1                                      # (5, 6)  gradiente de los pesos: entrada * delta, sumado sobre las muestras
    dgamma1 = (ds1 * n1).sum(axis=0)                        # (6,)  gradiente: cómo cambia la pérdida con este parámetro
    dbeta1 = ds1.sum(axis=0)                                # (6,)  gradiente: cómo cambia la pérdida con este parámetro
    dW2 = a1.T @ delta2                                     # (6, 1)  gradiente de los pesos: entrada * delta, sumado sobre las muestras
    db2 = delta2.sum(axis=0)                                # (1,)  gradiente del sesgo: delta, sumado sobre las muestras

    # actualización
    vW1[...] = mu * vW1 + dW1
    W1 -= learning_rate * vW1                               # (5, 6)  cada parámetro da un paso en contra de su gradiente  [syn0]
    vgamma1[...] = mu * vgamma1 + dgamma1
    gamma1 -= learning_rate * vgamma1                       # (6,)  cada parámetro da un paso en contra de su gradiente
    vbeta1[...] = mu * vbeta1 + dbeta1
    beta1 -= learning_rate * vbeta1                         # (6,)  cada parámetro da un paso en contra de su gradiente
    vW2[...] = mu * vW2 + dW2
    W2 -= learning_rate * vW2                               # (6, 1)  cada parámetro da un paso en contra de su gradiente  [syn1]
    vb2[...] = mu * vb2 + db2
    b2 -= learning_rate * vb2                               # (1,)  cada parámetro da un paso en contra de su gradiente
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1  # (6,)  media móvil de los lotes, se usa al predecir
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)  # (6,)  media móvil de los lotes, se usa al predecir

    return data_loss


def predict(X, parameters, state):
    """The output for the rows of X (N, 5)."""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    z1 = X @ W1                               # (N, 6)  preactivación: suma ponderada de las entradas
    std1 = np.sqrt(running_variance1 + 1e-5)  # (6,)  desviación estándar; un épsilon pequeño evita dividir por 0
    n1 = (z1 - running_mean1) / std1          # (N, 6)  normalizado: menos la media, dividido por la desviación estándar
    s1 = gamma1 * n1 + beta1                  # (N, 6)  escalado y desplazado: gamma y beta se aprenden
    a1 = relu(s1)                             # (N, 6)  activación: lo que cada neurona transmite  [l1]
    z2 = a1 @ W2 + b2                         # (N, 1)  preactivación: suma ponderada de las entradas
    p = sigmoid(z2)                           # (N, 1)  salida como probabilidad, entre 0 y 1  [l2]
    return p
