"""3-4-1 sigmoid; half squared error; gradient descent

Derivado y escrito por chainrule; necesita NumPy.

Los nombres de los textos fundadores, junto a los nuestros:
    l0 = X: la entrada
    syn0, syn1 = W1, W2: los pesos, allí llamados sinapsis
    l1, l2 = a1, a2: la activación de la capa
    l1_error, l2_error = -error1, -error2: el error, con el signo contrario
    nonlin(l1, True), nonlin(l2, True) = slope1, slope2: la pendiente de la activación
    l1_delta, l2_delta = -delta1, -delta2: delta, con el signo contrario
Los textos fundadores toman como error el objetivo menos la salida (y - a); aquí es
dL/da = a - y. Por eso ellos suman a los pesos lo que aquí se resta: el paso es el mismo.

parameters: W1 (3, 4) al azar, W2 (4, 1) al azar
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    """Un paso de entrenamiento con X (N, 3) e y (N, 1), en el sitio.

    Devuelve la pérdida anterior.
    """
    W1, W2 = parameters

    # hacia delante
    z1 = X @ W1       # (N, 4)  preactivación: suma ponderada de las entradas
    a1 = sigmoid(z1)  # (N, 4)  activación: lo que cada neurona transmite  [l1]
    z2 = a1 @ W2      # (N, 1)  preactivación: suma ponderada de las entradas
    a2 = sigmoid(z2)  # (N, 1)  salida: la respuesta de la red para cada muestra  [l2]

    # pérdida
    data_loss = 0.5 * ((a2 - y)**2).sum()  # pérdida: un número que dice cuánto dista la salida del objetivo

    # hacia atrás: delta = error * pendiente
    error2 = a2 - y           # (N, 1)  error: cuánto se desvía la salida, con su signo  [-l2_error]
    slope2 = a2 * (1 - a2)    # (N, 1)  pendiente de la activación: cuánto reacciona a z  [nonlin(l2, True)]
    delta2 = error2 * slope2  # (N, 1)  delta (dL/dz) = error * pendiente  [-l2_delta]
    error1 = delta2 @ W2.T    # (N, 4)  error (dL/da): la culpa que vuelve a través de los pesos  [-l1_error]
    slope1 = a1 * (1 - a1)    # (N, 4)  pendiente de la activación: cuánto reacciona a z  [nonlin(l1, True)]
    delta1 = error1 * slope1  # (N, 4)  delta (dL/dz) = error * pendiente  [-l1_delta]
    dW1 = X.T @ delta1        # (3, 4)  gradiente de los pesos: entrada * delta, sumado sobre las muestras
    dW2 = a1.T @ delta2       # (4, 1)  gradiente de los pesos: entrada * delta, sumado sobre las muestras

    # actualización
    W1 -= learning_rate * dW1  # (3, 4)  cada parámetro da un paso en contra de su gradiente  [syn0]
    W2 -= learning_rate * dW2  # (4, 1)  cada parámetro da un paso en contra de su gradiente  [syn1]

    return data_loss


def predict(X, parameters):
    """La salida para las filas de X (N, 3)."""
    W1, W2 = parameters
    z1 = X @ W1       # (N, 4)  preactivación: suma ponderada de las entradas
    a1 = sigmoid(z1)  # (N, 4)  activación: lo que cada neurona transmite  [l1]
    z2 = a1 @ W2      # (N, 1)  preactivación: suma ponderada de las entradas
    a2 = sigmoid(z2)  # (N, 1)  salida: la respuesta de la red para cada muestra  [l2]
    return a2
