"""5-6-1 relu, sigmoid, batch norm; binary cross entropy; momentum

Derivado y escrito por chainrule; necesita NumPy.

Los nombres de los textos fundadores, junto a los nuestros:
    l0 = X: la entrada
    syn0, syn1 = W1, W2: los pesos, allí llamados sinapsis
    l1, l2 = a1, p: la activación de la capa
    l1_error = -error1: el error, con el signo contrario
    l1_delta, l2_delta = -delta1, -delta2: delta, con el signo contrario
Los textos fundadores toman como error el objetivo menos la salida (y - a); aquí es
dL/da = a - y. Por eso ellos suman a los pesos lo que aquí se resta: el paso es el mismo.

parameters: W1 (5, 6) al azar, gamma1 (6,) unos, beta1 (6,) ceros, W2 (6, 1) al azar, b2 (1,) ceros
state: de vW1 a vb2 ceros con la forma de sus parámetros, running_mean1 (6,) ceros,
    running_variance1 (6,) unos
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, state, learning_rate=0.1, mu=0.9):
    """Un paso de entrenamiento con X (N, 5) e y (N, 1), en el sitio.

    Devuelve la pérdida anterior.
    """
    W1, gamma1, beta1, W2, b2 = parameters
    vW1, vgamma1, vbeta1, vW2, vb2, running_mean1, running_variance1 = state
    N = len(X)

    # hacia delante
    z1 = X @ W1                       # (N, 6)  preactivación: suma ponderada de las entradas
    mean1 = z1.mean(axis=0)           # (6,)  media de cada columna en el lote
    variance1 = z1.var(axis=0)        # (6,)  varianza de cada columna en el lote
    std1 = np.sqrt(variance1 + 1e-5)  # (6,)  desviación estándar; un épsilon pequeño evita dividir por 0
    n1 = (z1 - mean1) / std1          # (N, 6)  normalizado: menos la media, dividido por la desviación estándar
    s1 = gamma1 * n1 + beta1          # (N, 6)  escalado y desplazado: gamma y beta se aprenden
    a1 = relu(s1)                     # (N, 6)  activación: lo que cada neurona transmite  [l1]
    z2 = a1 @ W2 + b2                 # (N, 1)  preactivación: suma ponderada de las entradas
    p = sigmoid(z2)                   # (N, 1)  salida como probabilidad, entre 0 y 1  [l2]

    # pérdida
    # pérdida: un número que dice cuánto dista la salida del objetivo
    data_loss = (np.logaddexp(0, z2) - y * z2).mean()

    # hacia atrás: delta = error * pendiente
    # (N, 1)  delta (dL/dz): la pérdida cancela la pendiente: salida - objetivo; dividido, pues la pérdida es
    # una media  [-l2_delta]
    delta2 = (p - y) / N
    error1 = delta2 @ W2.T    # (N, 6)  error (dL/da): la culpa que vuelve a través de los pesos  [-l1_error]
    slope1 = a1 > 0           # (N, 6)  pendiente de la activación: cuánto reacciona a z
    ds1 = error1 * slope1     # (N, 6)  dL/ds = error * pendiente
    dn1 = ds1 * gamma1        # (N, 6)  dL/dn: vuelve a través de la escala gamma
    # (N, 6)  delta (dL/dz): vuelve a través de la normalización  [-l1_delta]
    delta1 = (dn1 - dn1.mean(axis=0) - n1 * (dn1 * n1).mean(axis=0)) / std1
    dW1 = X.T @ delta1        # (5, 6)  gradiente de los pesos: entrada * delta, sumado sobre las muestras
    # (6,)  gradiente: cómo cambia la pérdida con este parámetro
    dgamma1 = (ds1 * n1).sum(axis=0)
    dbeta1 = ds1.sum(axis=0)  # (6,)  gradiente: cómo cambia la pérdida con este parámetro
    dW2 = a1.T @ delta2       # (6, 1)  gradiente de los pesos: entrada * delta, sumado sobre las muestras
    db2 = delta2.sum(axis=0)  # (1,)  gradiente del sesgo: delta, sumado sobre las muestras

    # actualización
    # lo mismo para cada parámetro w, con su gradiente dw
    for w, dw, v in (
        (W1, dW1, vW1),
        (gamma1, dgamma1, vgamma1),
        (beta1, dbeta1, vbeta1),
        (W2, dW2, vW2),
        (b2, db2, vb2),
    ):
        v[...] = mu * v + dw    # velocidad: la anterior por mu, más el gradiente
        w -= learning_rate * v  # cada parámetro da un paso en contra de su velocidad
    # (6,)  media móvil de los lotes, se usa al predecir
    running_mean1[...] = 0.9 * running_mean1 + 0.1 * mean1
    # (6,)  media móvil de los lotes, se usa al predecir
    running_variance1[...] = 0.9 * running_variance1 + 0.1 * variance1 * N / (N - 1)

    return data_loss


def predict(X, parameters, state):
    """La salida para las filas de X (N, 5)."""
    W1, gamma1, beta1, W2, b2 = parameters
    *_, running_mean1, running_variance1 = state
    z1 = X @ W1                       # (N, 6)  preactivación: suma ponderada de las entradas
    # (6,)  desviación estándar; un épsilon pequeño evita dividir por 0
    std1 = np.sqrt(running_variance1 + 1e-5)
    n1 = (z1 - running_mean1) / std1  # (N, 6)  normalizado: menos la media, dividido por la desviación estándar
    s1 = gamma1 * n1 + beta1          # (N, 6)  escalado y desplazado: gamma y beta se aprenden
    a1 = relu(s1)                     # (N, 6)  activación: lo que cada neurona transmite  [l1]
    z2 = a1 @ W2 + b2                 # (N, 1)  preactivación: suma ponderada de las entradas
    p = sigmoid(z2)                   # (N, 1)  salida como probabilidad, entre 0 y 1  [l2]
    return p
