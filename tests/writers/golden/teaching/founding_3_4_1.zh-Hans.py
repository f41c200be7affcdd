"""3-4-1 sigmoid; half squared error; gradient descent

由 chainrule 推导并写成，需要 NumPy。

奠基文章中的名称与本程序名称的对照：
    l0 = X：输入
    syn0, syn1 = W1, W2：权重，文章中称为突触
    l1, l2 = a1, a2：该层的激活值
    l1_error, l2_error = -error1, -error2：误差，符号相反
    nonlin(l1, True), nonlin(l2, True) = slope1, slope2：激活函数的斜率
    l1_delta, l2_delta = -delta1, -delta2：delta，符号相反
奠基文章把误差取为目标减输出（y - a），这里取 dL/da = a - y。
因此文章给权重做加法，这里做减法，走的是同一步。

parameters: W1 (3, 4) 随机数, W2 (4, 1) 随机数
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(X, y, parameters, learning_rate=1.0):
    """用 X (N, 3) 和 y (N, 1) 就地训练一步；返回这一步之前的损失。"""
    W1, W2 = parameters

    # 前向传播
    z1 = X @ W1       # (N, 4)  预激活值：输入的加权和
    a1 = sigmoid(z1)  # (N, 4)  激活值：每个神经元传出的信号  [l1]
    z2 = a1 @ W2      # (N, 1)  预激活值：输入的加权和
    a2 = sigmoid(z2)  # (N, 1)  输出：网络对每个样本的回答  [l2]

    # 损失
    data_loss = 0.5 * ((a2 - y)**2).sum()  # 损失：用一个数衡量输出与目标相差多少

    # 反向传播：delta = 误差 * 斜率
    error2 = a2 - y           # (N, 1)  误差：输出偏离多少，带正负号  [-l2_error]
    slope2 = a2 * (1 - a2)    # (N, 1)  激活函数的斜率：对 z 的变化有多敏感  [nonlin(l2, True)]
    delta2 = error2 * slope2  # (N, 1)  delta（dL/dz）= 误差 * 斜率  [-l2_delta]
    error1 = delta2 @ W2.T    # (N, 4)  误差（dL/da）：经由权重传回的那份责任  [-l1_error]
    slope1 = a1 * (1 - a1)    # (N, 4)  激活函数的斜率：对 z 的变化有多敏感  [nonlin(l1, True)]
    delta1 = error1 * slope1  # (N, 4)  delta（dL/dz）= 误差 * 斜率  [-l1_delta]
    dW1 = X.T @ delta1        # (3, 4)  权重的梯度：输入 * delta，对所有样本求和
    dW2 = a1.T @ delta2       # (4, 1)  权重的梯度：输入 * delta，对所有样本求和

    # 参数更新
    W1 -= learning_rate * dW1  # (3, 4)  每个参数沿梯度的反方向走一步  [syn0]
    W2 -= learning_rate * dW2  # (4, 1)  每个参数沿梯度的反方向走一步  [syn1]

    return data_loss


def predict(X, parameters):
    """X (N, 3) 各行的输出。"""
    W1, W2 = parameters
    z1 = X @ W1       # (N, 4)  预激活值：输入的加权和
    a1 = sigmoid(z1)  # (N, 4)  激活值：每个神经元传出的信号  [l1]
    z2 = a1 @ W2      # (N, 1)  预激活值：输入的加权和
    a2 = sigmoid(z2)  # (N, 1)  输出：网络对每个样本的回答  [l2]
    return a2
