"""PyTorch, eager: nn.Sequential, autograd, fused optimizer; a block is gathered once, its batches are views."""

from __future__ import annotations

from typing import Any

from ..cases import Array, Case, Orders
from .contender import Contender, Predictor


class TorchEager(Contender):
    """The usual five lines a step, without a DataLoader."""

    name, key, modules, package = "PyTorch eager", "torch", ("torch",), "torch"

    def __init__(self, case: Case) -> None:
        import torch

        torch.set_num_threads(1)
        super().__init__(case)
        self.torch = torch
        self.X = torch.from_numpy(self.data.X)
        self.y = torch.from_numpy(self.data.labels if case.head == "softmax" else self.data.y)
        functions = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}
        layers: list[Any] = []
        for D, M in zip(case.widths[:-1], case.widths[1:], strict=True):
            layers += [torch.nn.Linear(D, M, bias=case.bias, dtype=getattr(torch, case.dtype))]
            layers += [functions[case.activation]()]
        layers.pop()
        if case.head == "sigmoid":
            layers.append(torch.nn.Sigmoid())
        self.model = torch.nn.Sequential(*layers)
        given = dict(params=self.model.parameters(), lr=case.rate, fused=True)
        adam = case.optimizer == "adam"
        self.optimizer = torch.optim.Adam(**given, eps=case.epsilon) if adam else torch.optim.SGD(**given)
        self.loss = self.make_loss()
        self.reset()

    def make_loss(self) -> Any:
        """`loss(X, y)`, a scalar tensor."""
        model, functional = self.model, self.torch.nn.functional
        if self.case.head == "softmax":
            return lambda X, y: functional.cross_entropy(model(X), y)
        reduction = "sum" if self.case.head == "sigmoid" else "mean"
        return lambda X, y: 0.5 * functional.mse_loss(model(X), y, reduction=reduction)

    def reset(self) -> None:
        with self.torch.no_grad():
            for mine, given in zip(self.model.parameters(), self.case.weights(), strict=True):
                mine.copy_(self.torch.from_numpy(given.T))
        self.optimizer.state.clear()

    def run(self, blocks: Orders) -> Array:
        loss_of, optimizer, torch, losses = self.loss, self.optimizer, self.torch, []
        for order in blocks:
            if self.case.shuffled:
                rows = torch.from_numpy(order.ravel())
                Xs, ys = self.X[rows].split(self.case.batch), self.y[rows].split(self.case.batch)
            else:
                Xs, ys = (self.X,) * self.case.block, (self.y,) * self.case.block
            for X, y in zip(Xs, ys, strict=True):
                optimizer.zero_grad(set_to_none=True)
                loss = loss_of(X, y)
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
        found: Array = torch.stack(losses).numpy()
        return found

    def weights(self) -> list[Array]:
        return [w.detach().numpy().T.copy() for w in self.model.parameters()]

    def predictor(self) -> Predictor | None:
        torch, model = self.torch, self.model
        softmax = self.case.head == "softmax"

        def predict(row: Array) -> Array:
            with torch.inference_mode():
                z = model(torch.from_numpy(row))
                found: Array = (z.softmax(1) if softmax else z).numpy()
            return found

        return predict
