"""Contenders of the gradient way: many full-batch steps, one epoch of mini-batches, and more columns than sums take."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from bench.fits import by_attributes
from bench.tables import load, load_sparse
from bench.work import Work

# --- full batches. What is told is the whole trajectory: every slope after every step, then every loss.


def lesson_loop(stem: str, steps: int, rate: float) -> Work:
    """The lesson's loop as one writes it with NumPy: predict, loss, gradient, update."""
    X, y = load(stem)

    def run(_: Any) -> tuple[list[np.ndarray], list[float]]:
        w, b = np.zeros(X.shape[1]), 0.0
        path, losses = [], []
        for _ in range(steps):
            p = X @ w + b
            losses.append(((p - y) ** 2).mean())
            dp = 2 * (p - y) / len(y)
            w = w - rate * (X.T @ dp)
            b = b - rate * dp.sum()
            path.append(w)
        return path, losses

    return Work(run, lambda found: [*np.concatenate(found[0]).tolist(), *map(float, found[1])])


def gradline_steps(stem: str, engine: str, steps: int, rate: float) -> Work:
    """From arrays to the last step, the pass over the data included."""
    from gradline import GradientDescentRegressor

    X, y = load(stem)
    options = {"engine": engine, "learning_rate": rate, "max_iter": steps, "tol": None}

    def tell(_: Any) -> list[float]:
        again = GradientDescentRegressor(**options, record_path=True).fit(X, y)
        return [*again.coef_path_[1:].ravel().tolist(), *again.loss_curve_]

    return Work(lambda _: GradientDescentRegressor(**options).fit(X, y), tell)


def gradline_steps_alone(stem: str, steps: int, rate: float) -> Work:
    """The steps by themselves, as when the statistics were kept from an earlier pass."""
    from gradline.data.batch import Batch
    from gradline.descent.engines import make_engine
    from gradline.descent.goal.quadratic import Quadratic
    from gradline.descent.loop import descend
    from gradline.moments.moments import Moments

    X, y = load(stem)
    moments = Moments.of(X, y)
    solution = moments.solve()
    nothing = (Batch.of(X[:0], y[:0]),)
    path: list[np.ndarray] = []

    def run(hear: Any) -> Any:
        quadratic = Quadratic.of(moments, solution, bias=True)
        engine = make_engine("moments", np.zeros(X.shape[1]), 0.0, learning_rate=rate, quadratic=quadratic)
        return descend(engine, lambda: nothing, max_iter=steps, after_pass=hear)

    def tell(_: Any) -> list[float]:
        path.clear()
        again = run(lambda history, w, b: path.append(w))
        return [*np.concatenate(path).tolist(), *again.history]

    return Work(run, tell)


# --- mini-batches, one epoch, in shuffled order


def gradline_epoch(stem: str, engine: str, batch_size: int, rate: float) -> Work:
    from gradline import GradientDescentRegressor

    X, y = load(stem)
    options = {"engine": engine, "learning_rate": rate, "batch_size": batch_size, "max_iter": 1, "tol": None}
    return Work(lambda _: GradientDescentRegressor(**options, random_state=0).fit(X, y), by_attributes)


def sgd_regressor(stem: str, rate: float) -> Work:
    """Batches of one: it knows no others. So its rate per row is the mini-batch rate divided by their size."""
    from sklearn.linear_model import SGDRegressor

    X, y = load(stem)
    options = {"penalty": None, "learning_rate": "constant", "eta0": rate, "max_iter": 1, "tol": None}
    return Work(
        lambda _: SGDRegressor(**options, random_state=0).fit(X, y),
        lambda model: [float(model.intercept_[0]), *map(float, model.coef_)],
    )


def data_loader(stem: str, batch_size: int, rate: float) -> Work:
    """PyTorch's own idiom, in float64 as the others; the tensors are handed to it."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    X, y = load(stem)
    rows = TensorDataset(torch.from_numpy(X), torch.from_numpy(y)[:, None])

    def run(_: Any) -> Any:
        torch.manual_seed(0)
        model = nn.Linear(X.shape[1], 1, dtype=torch.float64)
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        squared_error = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for features, target in DataLoader(rows, batch_size=batch_size, shuffle=True):
            optimizer.zero_grad()
            squared_error(model(features), target).backward()
            optimizer.step()
        return model

    return Work(run, lambda model: [float(model.bias.item()), *model.weight[0].tolist()])


def bare_steps(stem: str, batch_size: int, rate: float) -> Work:
    """The floor under an epoch with PyTorch: the steps alone, their batches lying ready as tensors, not shuffled."""
    import torch
    from torch import nn

    X, y = load(stem)
    batches = list(
        zip(torch.from_numpy(X).split(batch_size), torch.from_numpy(y)[:, None].split(batch_size), strict=True)
    )

    def run(_: Any) -> Any:
        model = nn.Linear(X.shape[1], 1, dtype=torch.float64)
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        squared_error = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for features, target in batches:
            optimizer.zero_grad()
            squared_error(model(features), target).backward()
            optimizer.step()
        return model

    return Work(run, lambda model: [float(model.bias.item()), *model.weight[0].tolist()])


# --- more columns than sums over pairs of them are formed for. Fewer rows than columns have many answers that fit
# equally well, so what is told is what they all have to agree in: the fitted values, where they are large.


def gradline_wide(stem: str, sparse: bool) -> Work:
    from gradline import GradientDescentRegressor
    from gradline.errors import CollinearityWarning

    X, y = load_sparse(stem) if sparse else load(stem)
    far = _far_from_zero(y)

    def run(_: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CollinearityWarning)
            return GradientDescentRegressor().fit(X, y)

    return Work(run, lambda model: model.predict(X[far]).tolist())


def lsqr(stem: str, sparse: bool, tolerance: float) -> Work:
    """Handed its column of ones."""
    from scipy import sparse as sp
    from scipy.sparse.linalg import lsqr

    X, y = load_sparse(stem) if sparse else load(stem)
    ones, far = np.ones((len(y), 1)), _far_from_zero(y)
    design = sp.hstack([sp.csr_array(ones), X], format="csr") if sparse else np.hstack([ones, X])
    del X
    return Work(
        lambda _: lsqr(design, y, atol=tolerance, btol=tolerance)[0], lambda coef: (design[far] @ coef).tolist()
    )


def _far_from_zero(y: np.ndarray) -> np.ndarray:
    """The hundred rows where relative differences of what is fitted say most."""
    return np.argsort(abs(y))[-100:]
