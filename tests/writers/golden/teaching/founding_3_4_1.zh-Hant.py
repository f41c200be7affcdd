"""3-4-1 sigmoid; half squared error; gradient descent

由 chainrule 推導並寫成，需要 NumPy。

奠基文章中的名稱與本程式名稱的對照：
    l0 = X：輸入
    syn0, syn1 = W1, W2：權重，文章中稱為突觸
    l1, l2 = a1, a2：該層的活化值
    l1_error, l2_error = -error1, -error2：誤差，符號相反
    nonlin(l1, True), nonlin(l2, True) = slope1, slope2：活化函數的斜率
    l1_delta, l2_delta = -delta1, -delta2：delta，符號相反
奠基文章把誤差取為目標減輸出（y - a），這裡取 dL/da = a - y。
因此文章對權重做加法，這裡做減法，走的是同一步。

parameters: W1 (3, 4) 隨機數, W2 (4, 1) 隨機數
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    """用 X (N, 3) 和 y (N, 1) 就地訓練一步；傳回這一步之前的損失。"""
    W1, W2 = parameters

    # 前向傳播
    z1 = X @ W1       # (N, 4)  預活化值：輸入的加權和
    a1 = sigmoid(z1)  # (N, 4)  活化值：每個神經元傳出的訊號  [l1]
    z2 = a1 @ W2      # (N, 1)  預活化值：輸入的加權和
    a2 = sigmoid(z2)  # (N, 1)  輸出：網路對每個樣本的回答  [l2]

    # 損失
    data_loss = 0.5 * ((a2 - y)**2).sum()  # 損失：用一個數衡量輸出與目標相差多少

    # 反向傳播：delta = 誤差 * 斜率
    error2 = a2 - y           # (N, 1)  誤差：輸出偏離多少，帶正負號  [-l2_error]
    slope2 = a2 * (1 - a2)    # (N, 1)  活化函數的斜率：對 z 的變化有多敏感  [nonlin(l2, True)]
    delta2 = error2 * slope2  # (N, 1)  delta（dL/dz）= 誤差 * 斜率  [-l2_delta]
    error1 = delta2 @ W2.T    # (N, 4)  誤差（dL/da）：經由權重傳回的那份責任  [-l1_error]
    slope1 = a1 * (1 - a1)    # (N, 4)  活化函數的斜率：對 z 的變化有多敏感  [nonlin(l1, True)]
    delta1 = error1 * slope1  # (N, 4)  delta（dL/dz）= 誤差 * 斜率  [-l1_delta]
    dW1 = X.T @ delta1        # (3, 4)  權重的梯度：輸入 * delta，對所有樣本求和
    dW2 = a1.T @ delta2       # (4, 1)  權重的梯度：輸入 * delta，對所有樣本求和

    # 參數更新
    W1 -= learning_rate * dW1  # (3, 4)  每個參數沿梯度的反方向走一步  [syn0]
    W2 -= learning_rate * dW2  # (4, 1)  每個參數沿梯度的反方向走一步  [syn1]

    return data_loss


def predict(X, parameters):
    """X (N, 3) 各列的輸出。"""
    W1, W2 = parameters
    z1 = X @ W1       # (N, 4)  預活化值：輸入的加權和
    a1 = sigmoid(z1)  # (N, 4)  活化值：每個神經元傳出的訊號  [l1]
    z2 = a1 @ W2      # (N, 1)  預活化值：輸入的加權和
    a2 = sigmoid(z2)  # (N, 1)  輸出：網路對每個樣本的回答  [l2]
    return a2
