"""`gradline fit --engine`: losses, optimizers, held-out rows, Ctrl-C, in processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from gradline import GradientDescentRegressor, Huber, Quantile, open_source
from tests.command import gradline

FIT = ("fit", "t.csv", "--target", "y", "--engine")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2)) * [1.0, 50.0] + [0.0, 200.0]
    y = X @ [3.0, -0.5] + 7 + rng.standard_t(3, size=120)
    np.savetxt(tmp_path / "t.csv", np.c_[X, y], delimiter=",", header="a,b,y", comments="", fmt="%.17g")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--loss", "huber"], {"loss": "huber"}),
        (["--loss", "huber", "--delta", "2.5"], {"loss": Huber(2.5)}),
        (["--loss", "absolute"], {"loss": "absolute"}),
        (["--loss", "quantile", "--level", "0.9"], {"loss": Quantile(0.9)}),
        (["--momentum", "0.5"], {"momentum": 0.5}),
    ],
)
@pytest.mark.parametrize("engine", ["numpy", "nn"])
def test_the_command_and_the_estimator_give_the_same_numbers(engine, options, expected, folder):
    told = json.loads(gradline(*FIT, engine, *options, "--json", cwd=folder).stdout)
    fit = GradientDescentRegressor(engine, **expected).fit(open_source(folder / "t.csv", target="y"))
    assert told["coef"] == {"(Intercept)": fit.intercept_, "a": fit.coef_[0], "b": fit.coef_[1]}
    assert told["converged"] is fit.converged_ is True
    assert told["iterations"] == fit.n_iter_
    assert told["loss"] == pytest.approx(np.mean(fit.loss_.value(residuals(fit, folder))), rel=1e-9)
    squares = expected.get("loss", "squared") == "squared"
    assert (told["r2"] is None) == (not squares)
    assert all(error > 0 for error in told["standard_error"].values())


def residuals(fit, folder):
    a, b, y = np.loadtxt(folder / "t.csv", delimiter=",", skiprows=1).T
    return np.c_[a, b] @ fit.coef_ + fit.intercept_ - y


def test_a_table_of_another_loss_says_which_and_has_no_r2(folder):
    text = gradline(*FIT, "numpy", "--loss", "huber", cwd=folder).stdout
    assert "Huber loss: squares within" in text
    assert "R² 0" not in text
    assert "F(" not in text


def test_optimizer_options_reach_the_optimizer(folder):
    def coef(*options):
        done = gradline(*FIT, "nn", "--optimizer", "adam", "--iterations", "20", *options, "--json", cwd=folder)
        return json.loads(done.stdout)["coef"]

    plain, slow = coef(), coef("--optimizer-option", "betas=[0.5, 0.9]", "--optimizer-option", "amsgrad=true")
    assert plain != slow
    done = gradline(*FIT, "nn", "--optimizer", "adam", "--optimizer-option", "beta=0.5", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("error: optimizer Adam has no option 'beta'\nhint: it has amsgrad, betas")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--level", "0.5"], "only --loss quantile has one"),
        (["--loss", "absolute", "--delta", "1"], "only --loss huber has one"),
        (["--loss", "quantile", "--level", "2"], "--level: 2.0 is not between 0 and 1"),
        (["--loss", "huber", "--delta", "-1"], "--delta: -1.0 is not above 0"),
        (["--validation-fraction", "1.5"], "--validation-fraction: 1.5 is not between 0 and 1"),
        (["--optimizer-option", "betas"], "'betas' is not NAME=VALUE"),
        (["--momentum", "1"], "0.9999"),
        (["--tol", "-1"], "or equal to 0"),
        (["--loss", "cubic"], "cubic"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(options, told, folder):
    done = gradline(*FIT, "numpy", *options, cwd=folder)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--checkpoint", "no/such/folder/c.json"], "the checkpoint no/such/folder/c.json cannot be written"),
        (["--checkpoint", "t.csv"], "t.csv is not a checkpoint"),
    ],
)
def test_what_only_the_fit_can_see_is_a_sentence(options, told, folder):
    done = gradline(*FIT, "numpy", *options, cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {told}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "engines"),
    [
        ("--loss huber", "numpy, autograd or nn"),
        ("--batch-size 2", "numpy, autograd or nn"),
        ("--momentum 0.5", "numpy, autograd, nn or moments"),
        ("--seed 3", "numpy, autograd, nn or moments"),
        ("--tol 0.1", "numpy, autograd, nn or moments"),
        ("--optimizer adam", "nn"),
        ("--optimizer-option lr=0.1", "nn"),
    ],
)
def test_the_exact_way_has_none_of_these(option, engines, folder):
    """The engines that are named are those that take the option."""
    fit = ["fit", "t.csv", "--target", "y", *option.split()]
    done = gradline(*fit, cwd=folder)
    assert done.returncode == 2
    assert f"only a descent has one: add --engine {engines} " in re.sub(r"[\s│]+", " ", done.stderr)
    for engine in ("numpy", "moments"):
        takes = gradline(*fit, "--engine", engine, "--iterations", "3", cwd=folder).returncode == 0
        assert takes == (engine in engines)


def test_early_stopping_says_so_and_gives_no_tests(folder):
    done = gradline(
        *FIT, "numpy", "--learning-rate", "1e-5", "--validation-fraction", "0.3", "--iterations", "300", cwd=folder
    )
    assert "held out" in done.stderr
    assert "unfinished" in done.stdout
    assert "std. error" not in done.stdout


def test_ctrl_c_shows_what_there_is_marked_unfinished(folder):
    command = [sys.executable, "-m", "gradline", *FIT, "numpy", "--learning-rate", "1e-9"]
    with subprocess.Popen(
        [*command, "--iterations", "100000000", "--checkpoint", "c.json", "--checkpoint-every", "0.05"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "100"},
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while not (folder / "c.json").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "unfinished" in out
    assert "Unfinished: interrupted after" in " ".join(out.split())
    assert "warning: interrupted, unfinished\nhint: " in err
    assert "Traceback" not in err


def test_ctrl_c_before_anything_is_there_is_a_sentence(folder):
    fifo = folder / "slow.csv"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "gradline", "fit", "slow.csv", "--target", "y", "--engine", "numpy"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process, open(fifo, "w") as rows:  # fmt: skip
        rows.write("a,y\n1,2\n2,3\n")  # more never come
        rows.flush()
        time.sleep(0.3)  # whoever opens a pipe waits for its reader: what is imported is imported
        process.send_signal(signal.SIGINT)
        rows.close()
        out, err = process.communicate(timeout=60)
    assert process.returncode in (130, 1)
    assert "Traceback" not in err
    assert out == ""
    assert err.startswith("error: ")


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--engine", "nn", "--optimizer", "adam", "--momentum", "0.9"], "--optimizer-option"),
        (["--engine", "numpy", "--device", "cuda"], "--engine autograd or --engine nn"),
    ],
)
def test_hints_name_options_that_there_are(options, hint, folder):
    done = gradline("fit", "t.csv", "--target", "y", *options, cwd=folder)
    assert done.returncode == 1
    assert hint in done.stderr
    assert "optimizer_options" not in done.stderr.split("hint:")[1]


@pytest.mark.parametrize(
    ("options", "hint"), [([], "the rate (--optimizer-option lr=...)"), (["--learning-rate", "1"], "(--learning-rate)")]
)
def test_the_rate_of_an_optimizer_is_raised_by_its_option(options, hint, folder):
    done = gradline(*FIT, "nn", "--optimizer", "adam", "--iterations", "3", *options, cwd=folder)
    assert hint in done.stderr.split("hint: raise --iterations, or ")[1]
    assert gradline(*FIT, "nn", "--optimizer", "adam", "--optimizer-option", "lr=0.5", cwd=folder).returncode == 0
