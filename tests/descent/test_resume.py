"""A descent that is killed and resumed ends in the bits of one that was not."""

import json
import signal

import numpy as np
import pytest

from gradline import DataError, GradientDescentRegressor
from tests.command import gradline

torch = pytest.importorskip("torch")
nn = torch.nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 3)) * [1.0, 3.0, 0.5] + [0.0, 5.0, 0.0]
Y = X @ [1.0, -2.0, 3.0] + 0.5 + RNG.normal(size=100)


def network(features):
    return nn.Sequential(nn.Linear(features, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.1), nn.Linear(6, 1))


FITS = {
    "numpy": {},
    "numpy, float32, random start": {"dtype": "float32", "init": "normal"},
    "numpy, batches": {"batch_size": 16},
    "numpy, batches, auto": {"batch_size": 16, "learning_rate": "auto"},
    "numpy, batches, auto, momentum": {"batch_size": 16, "learning_rate": "auto", "momentum": 0.7},
    "numpy, momentum, path": {"momentum": 0.9, "learning_rate": 0.001, "record_path": True},
    "numpy, held-out rows": {"batch_size": 16, "validation_fraction": 0.2},
    "moments": {"engine": "moments"},
    "moments, momentum": {"engine": "moments", "momentum": 0.9, "learning_rate": 0.001},
    "autograd, batches, momentum": {"engine": "autograd", "momentum": 0.9, "batch_size": 16, "learning_rate": 0.001},
    "nn, momentum": {"engine": "nn", "momentum": 0.9, "batch_size": 16, "learning_rate": 0.001},
    "nn, adam": {"engine": "nn", "optimizer": "adam", "batch_size": 16},
    "nn, nadam": {"engine": "nn", "optimizer": "nadam", "batch_size": 16},
    "nn, lbfgs": {"engine": "nn", "optimizer": "lbfgs", "optimizer_options": {"max_iter": 2}},
    "nn, schedule": {
        "engine": "nn",
        "optimizer": "adam",
        "scheduler": lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
    },
    "nn, plateau": {"engine": "nn", "optimizer": "adam", "scheduler": torch.optim.lr_scheduler.ReduceLROnPlateau},
    "a module": {"engine": "nn", "optimizer": "adam", "module": network, "batch_size": 16},
    "a module, held-out rows": {"engine": "nn", "optimizer": "adam", "module": network, "validation_fraction": 0.2},
}


@pytest.mark.parametrize("name", FITS)
def test_a_resumed_fit_ends_in_the_same_bits(name, tmp_path):
    how = {"learning_rate": 0.004, "tol": None, "random_state": 3, "n_iter_no_change": 100} | FITS[name]
    whole = GradientDescentRegressor(**how, max_iter=15).fit(X, Y)
    file = tmp_path / "fit.json"
    GradientDescentRegressor(**how, max_iter=6, checkpoint=file).fit(X, Y)
    rest = GradientDescentRegressor(**how, max_iter=15, checkpoint=file).fit(X, Y)
    assert rest.n_iter_ == 15
    assert rest.loss_curve_ == whole.loss_curve_
    assert (rest.predict(X) == whole.predict(X)).all()
    for attribute in ("coef_", "coef_path_", "validation_loss_curve_"):
        assert np.array_equal(getattr(rest, attribute, 0), getattr(whole, attribute, 0))


def test_a_finished_fit_is_not_done_again(tmp_path):
    how = {"learning_rate": 0.02, "max_iter": 10**4, "checkpoint": tmp_path / "fit.json"}
    first = GradientDescentRegressor(**how).fit(X, Y)
    heard = []
    again = GradientDescentRegressor(**how, callback=heard.append).fit(X, Y)
    assert first.converged_
    assert again.converged_
    assert heard == []
    assert (again.coef_ == first.coef_).all()
    assert again.stop_reason_ == first.stop_reason_


def test_an_early_stop_is_remembered(tmp_path):
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(60, 40))
    y = Z[:, 0] + 2 * rng.normal(size=60)
    how = {"learning_rate": 0.02, "tol": None, "max_iter": 2000, "random_state": 0, "validation_fraction": 0.3}
    first = GradientDescentRegressor(**how, checkpoint=tmp_path / "fit.json").fit(Z, y)
    again = GradientDescentRegressor(**how, checkpoint=tmp_path / "fit.json").fit(Z, y)
    assert "Stopped early" in first.stop_reason_
    assert again.stop_reason_ == first.stop_reason_
    assert (again.coef_ == first.coef_).all()
    assert again.n_iter_ == first.n_iter_


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"learning_rate": 0.005}, "its learning_rate was 0.004, expected 0.005"),
        ({"momentum": 0.5}, "its momentum was 0.0, expected 0.5"),
        ({"engine": "autograd"}, "its engine was 'numpy', expected 'autograd'"),
    ],
)
def test_the_checkpoint_of_another_fit_is_refused(changed, told, tmp_path):
    how = {"learning_rate": 0.004, "tol": None, "max_iter": 3, "checkpoint": tmp_path / "fit.json"}
    GradientDescentRegressor(**how).fit(X, Y)
    with pytest.raises(DataError, match=told):
        GradientDescentRegressor(**how | changed).fit(X, Y)


def test_the_checkpoint_of_other_rows_is_refused(tmp_path):
    how = {"learning_rate": 0.004, "tol": None, "max_iter": 3, "checkpoint": tmp_path / "fit.json"}
    GradientDescentRegressor(**how).fit(X, Y)
    with pytest.raises(DataError, match="belongs to another fit: its rows was 100, expected 99"):
        GradientDescentRegressor(**how).fit(X[1:], Y[1:])
    changed = X.copy()
    changed[5, 1] += 1e-9
    with pytest.raises(DataError, match="belongs to another fit"):
        GradientDescentRegressor(**how).fit(changed, Y)


def test_an_interrupted_pass_does_not_spoil_the_file(tmp_path):
    how = {"learning_rate": 0.004, "tol": None, "max_iter": 12, "batch_size": 16, "random_state": 0}
    whole = GradientDescentRegressor(**how).fit(X, Y)

    def interrupt(history):
        if history.iteration == 5:
            raise KeyboardInterrupt

    file = tmp_path / "fit.json"
    with pytest.warns(match="Unfinished"):
        GradientDescentRegressor(**how, checkpoint=file, callback=interrupt).fit(X, Y)
    assert (GradientDescentRegressor(**how, checkpoint=file).fit(X, Y).coef_ == whole.coef_).all()


@pytest.mark.parametrize("how", [{}, {"batch_size": 16}, {"engine": "nn", "optimizer": "adam", "learning_rate": 0.1}])
def test_ctrl_c_saves_the_pass_it_comes_in(how, tmp_path):
    """Long before the ten seconds are over, so that only Ctrl-C saves."""
    how = {"learning_rate": 0.004, "tol": None, "max_iter": 12, "random_state": 0, "record_path": True} | how
    whole, file = GradientDescentRegressor(**how).fit(X, Y), tmp_path / "fit.json"

    def press(history):
        if history.iteration == 5:
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(match="interrupted after 5 complete iterations.*\n?.*where the checkpoint was last saved"):
        GradientDescentRegressor(**how, checkpoint=file, callback=press).fit(X, Y)
    assert json.loads(file.read_text())["content"]["iteration"] == 5
    resumed = GradientDescentRegressor(**how, checkpoint=file).fit(X, Y)
    assert resumed.coef_path_.tolist() == whole.coef_path_.tolist()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_waits_for_nothing_and_what_is_not_on_file_is_said(tmp_path):
    def press_twice(history):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    how = {"learning_rate": 0.004, "checkpoint": tmp_path / "fit.json"}
    with pytest.warns(match=r"fit again from the start: nothing had been saved in .*fit\.json"):
        GradientDescentRegressor(**how, callback=press_twice).fit(X, Y)
    assert not (tmp_path / "fit.json").exists()


AT_THE_FIRST_CHECKPOINT = """
import os, signal, threading, time

def kill():
    while not os.path.exists("fit.json"):
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill, daemon=True).start()
"""


@pytest.mark.parametrize(("engine", "passes"), [("numpy", 200), ("nn", 20)])
def test_kill_9_loses_at_most_an_interval_and_the_resumed_command_ends_in_the_same_bits(engine, passes, tmp_path):
    rows = RNG.normal(size=(1000, 4))
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,c,y", comments="", fmt="%.17g")
    fit = ["fit", "t.csv", "--target", "y", "--engine", engine, "--json"]
    fit += ["--learning-rate", "0.01", "--batch-size", "8", "--tol", "0", "--iterations", str(passes)]

    def run(*more):
        done = gradline(*fit, *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    whole = run()
    keeping = ("--checkpoint", "fit.json", "--checkpoint-every", "0")
    killed = gradline(*fit, *keeping, cwd=tmp_path, first=AT_THE_FIRST_CHECKPOINT)
    assert killed.returncode == -signal.SIGKILL
    kept = json.loads((tmp_path / "fit.json").read_text())["content"]["iteration"]
    assert 0 < kept < passes
    rest = run("--checkpoint", "fit.json")
    assert rest == whole
