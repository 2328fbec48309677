"""Descents on a GPU that is pretended: where the rows are, what comes back, what is refused, what a checkpoint keeps.

See `tests.pretended_gpu` for what that can show. The last tests run on a real GPU, where there is one.
"""

from functools import partial

import numpy as np
import pytest

from gradline import GradientDescentRegressor, LinearRegression
from gradline.errors import DataError, DivergenceError, DivergenceWarning

pytest.importorskip("torch", reason="needs the extra 'torch'")

import torch
from torch import nn

from gradline.descent.engines import check_torch
from gradline.descent.tensors import Tensors
from tests.pretended_gpu import DEVICE, Stream

RNG = np.random.default_rng(0)
N, STEPS = 400, 6
X = RNG.normal(size=(N, 3))
Y = X @ [1.0, -2.0, 3.0] + RNG.normal(size=N)

DESCENTS = {
    "full batch": {},
    "written rate": {"learning_rate": 0.05},
    "momentum": {"momentum": 0.5},
    "float32": {"dtype": "float32"},
    "Huber": {"loss": "huber"},
    "mini-batches": {"batch_size": 90, "random_state": 0},
    "mini-batches, float32": {"batch_size": 90, "random_state": 0, "dtype": "float32"},
}
OPTIMIZERS = {
    "adam": {"optimizer": "adam", "learning_rate": 0.1},
    "lbfgs": {"optimizer": "lbfgs", "learning_rate": 0.5},
    "rmsprop, mini-batches": {"optimizer": "rmsprop", "learning_rate": 0.01, "batch_size": 100, "random_state": 0},
}


def descended(engine, device="cuda", **options):
    return GradientDescentRegressor(
        engine, **{"max_iter": STEPS, "tol": None, "on_divergence": "warn"} | options, device=device
    ).fit(X, Y)


# ---- where numbers are


@pytest.mark.parametrize(
    ("engine", "options"),
    [pytest.param("autograd", DESCENTS[name], id=f"autograd, {name}") for name in DESCENTS]
    + [pytest.param("nn", options, id=f"nn, {name}") for name, options in (DESCENTS | OPTIMIZERS).items()],
)
def test_a_descent_on_a_gpu_takes_the_steps_of_the_cpu(engine, options, gpu):
    """Whose arithmetic the pretended GPU has: to the bit. A tensor left on the other side would have been an error."""
    here, there = (descended(engine, device, **options) for device in ("cpu", "cuda"))
    assert gpu.brought
    assert there.loss_curve_ == here.loss_curve_
    assert (there.coef_ == here.coef_).all()
    assert there.intercept_ == here.intercept_


@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_the_rows_of_full_batches_are_brought_once(engine, gpu):
    descended(engine)
    assert sorted(count for count in gpu.brought if count >= N) == [N, N, 3 * N]  # shares, y, X


@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_a_mini_batch_is_brought_once_and_its_equal_shares_are_there_already(engine, gpu):
    descended(engine, batch_size=100, random_state=0)
    rows = [count for count in gpu.brought if count >= 100]
    assert sorted(rows) == [100] + [400] * 4 * STEPS  # X and y together


def test_equal_shares_of_long_batches_are_there_already_too(gpu, monkeypatch):
    """At a written rate, which has no mean over another number of rows; long ones have their shares in no memory."""
    monkeypatch.setattr("gradline.data.batch.FEW_ROWS", 50)
    descended("nn", batch_size=101, learning_rate=0.05, random_state=0)
    rows = [count for count in gpu.brought if count >= N % 101]
    assert sorted(rows) == [97] * STEPS + [101] * STEPS + [4 * 97] * STEPS + [4 * 101] * 3 * STEPS


WEIGHT = RNG.integers(0, 3, N).astype(float)


@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_weighted_mini_batches_take_the_steps_of_the_cpu(engine, gpu):
    def fit(device):
        options = {"max_iter": STEPS, "tol": None, "batch_size": 90, "random_state": 0, "device": device}
        return GradientDescentRegressor(engine, **options).fit(X, Y, sample_weight=WEIGHT)

    here, there = fit("cpu"), fit("cuda")
    assert there.loss_curve_ == here.loss_curve_
    assert (there.coef_ == here.coef_).all()


@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_the_next_mini_batch_is_on_its_way_while_a_step_is_made(engine, gpu, monkeypatch):
    """Four a pass; behind the last of a pass there is none."""
    streams, waiting, call = [], [], Tensors.__call__
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: streams.append(Stream(device)) or streams[-1])
    monkeypatch.setattr(
        Tensors,
        "__call__",
        lambda *args: waiting.append(sum(len(stream.waiting) for stream in streams)) or call(*args),
    )
    descended(engine, batch_size=100, random_state=0)
    assert waiting == [1, 1, 1, 0] * STEPS


@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_a_step_that_did_not_wait_for_its_rows_would_be_seen(engine, gpu, monkeypatch):
    """And so the steps above show that each waits. Places that are filled too early: `tests.moments.test_transfers`."""
    monkeypatch.setattr(Stream, "wait_stream", lambda self, other: None)
    with pytest.raises((DataError, DivergenceError, DivergenceWarning)):
        descended(engine, batch_size=100, random_state=0, on_divergence="raise")


@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_a_step_reads_back_one_number(engine, gpu):
    """The loss; what a pass ends with reads the parameters: coefficients and intercept."""

    def read_back(steps):
        gpu.read_back.clear()
        descended(engine, max_iter=steps, batch_size=40, random_state=0)
        return sum(gpu.read_back)

    steps = N // 40
    passes = [read_back(2) - read_back(1), read_back(3) - read_back(2)]
    assert passes[0] == passes[1]
    assert passes[0] - steps in (4, 8)  # once or twice a pass


def test_rows_that_a_gpu_has_no_memory_for_are_a_sentence(gpu):
    for numbers in (3 * N - 1, 8 * N - 1):  # the rows do not fit; they do, and what a step makes of them does not
        gpu.most_numbers = numbers
        with pytest.raises(
            DataError, match=r"device 'cuda' has too little memory: CUDA out of memory\. Tried"
        ) as error:
            descended("nn")
        assert error.value.hint == "batch_size=65536 or so, or device='cpu'"
        descended("nn", batch_size=100, random_state=0)
    gpu.most_page_locked = 399
    with pytest.raises(DataError, match=r"device 'cuda' has too little memory: CUDA error: out of memory\nhint"):
        descended("nn", batch_size=100, random_state=0)


def full(a, b):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GB.\nSee ...")


@pytest.mark.parametrize(
    ("engine", "options"),
    [("autograd", {}), ("autograd", {"loss": "huber"}), ("nn", OPTIMIZERS["lbfgs"]), ("autograd", {"momentum": 0.5})],
)
def test_a_step_without_memory_is_a_sentence(engine, options, gpu):
    gpu.multiplies = full
    with pytest.raises(DataError, match=r"device 'cuda' has too little memory: CUDA out of memory\. Tried") as error:
        descended(engine, **options)
    assert error.value.hint == "batch_size=65536 or so, or device='cpu'"


class Full(nn.Linear):
    """Has memory for so many rows."""

    most = 0

    def forward(self, rows):
        return super().forward(rows) if len(rows) <= self.most else full(rows, self.weight)


@pytest.mark.parametrize("most", [0, 2])
def test_a_module_without_memory_is_a_sentence_that_does_not_blame_it(most, gpu, monkeypatch):
    """When it is looked at with two rows, and in its training."""
    from gradline.descent.module.network import Network

    monkeypatch.setattr(Full, "most", most)
    monkeypatch.setattr(Network, "loss", lambda *rows: 1.0)
    with pytest.raises(DataError, match=r"device 'cuda' has too little memory: CUDA out of memory\. Tried"):
        trained(module=lambda features: Full(features, 1))


def test_rows_that_lie_on_a_gpu_are_refused_with_the_way_out(gpu):
    X_there, y_there = torch.from_numpy(X).to("cuda"), torch.from_numpy(Y).to("cuda")
    for model in (LinearRegression(), GradientDescentRegressor("nn", device="cuda")):
        for rows, name in (((X_there, Y), "X"), ((X, y_there), "y")):
            with pytest.raises(
                DataError, match=f"{name} lies on device 'cuda:0', expected an array in the CPU"
            ) as error:
                model.fit(*rows)
            assert f"{name}.cpu()" in error.value.hint
            model.fit(*(part.cpu() if isinstance(part, torch.Tensor) else part for part in rows))


# ---- what is refused


def test_a_module_on_a_device_whose_random_numbers_are_not_kept_is_refused():
    from gradline.descent.module.random_numbers import TorchRandom

    with pytest.raises(DataError, match="a module is trained on the CPU or by CUDA, not on device 'mps'"):
        TorchRandom("mps")


@pytest.fixture
def settings_restored():
    """PyTorch's, as they were."""
    before = torch.backends.fp32_precision, torch.backends.cuda.matmul.fp32_precision
    yield
    torch.set_float32_matmul_precision("highest")
    torch.backends.fp32_precision, torch.backends.cuda.matmul.fp32_precision = before


WAYS = {
    "old": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "for all": lambda: torch.set_float32_matmul_precision("high"),
    "new": lambda: setattr(torch.backends.cuda.matmul, "fp32_precision", "tf32"),
    "new, for all": lambda: setattr(torch.backends, "fp32_precision", "tf32"),
}


@pytest.mark.filterwarnings("ignore:Please use the new API")
@pytest.mark.skipif(not hasattr(torch.backends, "fp32_precision"), reason="torch < 2.9 has only the old way")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_tf32_left_on_is_refused_however_it_was_set(engine, way, gpu, settings_restored):
    WAYS[way]()
    with pytest.raises(DataError, match="products of float32 are set to TF32, which keeps 10 bits") as error:
        descended(engine, dtype="float32")
    assert error.value.hint == "torch.set_float32_matmul_precision('highest'), or dtype='float64'"
    descended(engine)
    descended(engine, "cpu", dtype="float32")
    torch.set_float32_matmul_precision("highest")
    descended(engine, dtype="float32")


def tf32(a, b):
    """Products of numbers of 11 bits."""

    def cut(v):
        mantissa, exponent = torch.frexp(v)
        return torch.ldexp(torch.round(mantissa * 2**11) / 2**11, exponent)

    return cut(a) @ cut(b)


def test_float32_by_ten_bits_is_found_where_no_setting_tells(doubted_gpu):
    check_torch("nn", "cuda", "float32")
    from gradline.moments.device import arithmetic

    arithmetic.keeps_every_bit.cache_clear()
    doubted_gpu.multiplies = tf32
    with pytest.raises(DataError, match="device 'cuda:0' multiplies float32 by fewer than its 24 bits"):
        check_torch("nn", "cuda", "float32")


@pytest.mark.parametrize("engine", ["autograd", "nn"])
def test_emulated_float64_is_refused(engine, doubted_gpu, monkeypatch):
    doubted_gpu.multiplies = lambda a, b: (a.float() @ b.float()).double()
    with pytest.raises(DataError, match="does not multiply integers exactly in float64"):
        descended(engine)
    monkeypatch.setenv("CUBLAS_EMULATE_DOUBLE_PRECISION", "1")
    with pytest.raises(DataError, match="CUBLAS_EMULATE_DOUBLE_PRECISION is set"):
        descended(engine)


def test_a_module_is_refused_as_a_line_is(doubted_gpu):
    doubted_gpu.multiplies = tf32
    for dtype in ("float32", "float64"):
        with pytest.raises(DataError, match="device 'cuda:0' "):
            trained(dtype=dtype)


# ---- what a checkpoint keeps, and the caller


def trained(device="cuda", **options):
    def module(features):
        return nn.Sequential(nn.Linear(features, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    options = {"module": module, "optimizer": "adam", "max_iter": 4, "random_state": 0} | options
    return GradientDescentRegressor("nn", device=device, **options).fit(X, Y)


def test_dropout_draws_the_same_numbers_again_and_leaves_the_callers_alone(gpu):
    callers, own = gpu.random.clone(), torch.get_rng_state()
    first, again, other = trained(), trained(), trained(random_state=1)
    assert first.loss_curve_ == again.loss_curve_ != other.loss_curve_
    assert torch.equal(gpu.random, callers)
    assert torch.equal(torch.get_rng_state(), own)


def test_training_on_the_cpu_leaves_the_numbers_of_a_gpu_alone(gpu):
    callers = gpu.random.clone()
    trained("cpu")
    assert torch.equal(gpu.random, callers)


@pytest.mark.parametrize(
    "fit", [trained, *(partial(descended, "nn", **OPTIMIZERS[name]) for name in ("adam", "lbfgs"))]
)
def test_a_descent_goes_on_to_the_bits_of_an_unbroken_one(fit, gpu, tmp_path):
    kept = {"checkpoint": tmp_path / "kept.json"}
    unbroken = fit(max_iter=6)
    fit(max_iter=3, **kept)
    gone_on = fit(max_iter=6, **kept)
    assert gone_on.loss_curve_ == unbroken.loss_curve_
    assert (gone_on.predict(X) == unbroken.predict(X)).all()


def test_an_optimizer_gets_its_memory_back_where_it_keeps_it(gpu):
    """From a file, and so from the CPU: its averages go to the parameters, its count of steps stays."""
    from gradline.descent.steps.optimizers import OptimizerState

    parameter = nn.Parameter(torch.ones(2, dtype=torch.float64, device="cuda"))
    optimizer = torch.optim.Adam([parameter])
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    state = OptimizerState(optimizer).state_dict()
    on_file = {name: value.cpu() for name, value in state["state"][0].items()}
    OptimizerState(optimizer).load_state_dict(state | {"state": {0: on_file}})
    where = {name: str(value.device) for name, value in optimizer.state[parameter].items()}
    assert where == {"step": "cpu", "exp_avg": "cuda:0", "exp_avg_sq": "cuda:0"}


def test_the_pretended_gpu_lives_apart(gpu):
    """What the tests above rely on."""
    on_gpu = torch.ones(2, device="cuda")
    assert on_gpu.device == DEVICE
    assert on_gpu.is_cuda
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        on_gpu + torch.ones(2)
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        on_gpu.numpy()
    assert (on_gpu + torch.tensor(1.0)).cpu().numpy().tolist() == [2.0, 2.0]  # one number is taken from anywhere


REAL = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that PyTorch can use")


@REAL
@pytest.mark.parametrize("engine", ["autograd", "nn"])
@pytest.mark.parametrize("options", DESCENTS.values(), ids=DESCENTS)
def test_a_descent_on_a_real_gpu_agrees_with_the_cpu_to_rounding(engine, options):
    """Sums of N products in another order differ by N units in the last place at most, in each of STEPS steps.

    That is 3e-13 in float64 and 1e-4 in float32, of the terms; a loss is a sum of such, and none of these cancels to
    less than a hundredth.
    """
    here, there = (descended(engine, device, **options) for device in ("cpu", "cuda"))
    unit = 2.0**-23 if options.get("dtype") == "float32" else 2.0**-52
    assert there.loss_curve_ == pytest.approx(here.loss_curve_, rel=100 * N * STEPS * unit)
    assert there.coef_ == pytest.approx(here.coef_, rel=100 * N * STEPS * unit)


@REAL
def test_tf32_is_off_where_nobody_set_it_and_a_real_gpu_is_trusted():
    for dtype in ("float32", "float64"):
        check_torch("nn", "cuda", dtype)


@REAL
@pytest.mark.parametrize(
    "fit", [trained, *(partial(descended, "nn", **OPTIMIZERS[name]) for name in ("adam", "lbfgs"))]
)
def test_a_descent_on_a_real_gpu_goes_on_from_its_checkpoint(fit, tmp_path):
    """Adding in another order may differ from run to run: to rounding."""
    kept = {"checkpoint": tmp_path / "kept.json"}
    unbroken = fit(max_iter=6)
    fit(max_iter=3, **kept)
    gone_on = fit(max_iter=6, **kept)
    assert gone_on.loss_curve_ == pytest.approx(unbroken.loss_curve_, rel=1e-9)
    assert gone_on.predict(X) == pytest.approx(unbroken.predict(X), rel=1e-9, abs=1e-9)
