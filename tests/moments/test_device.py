"""Sums on a device of PyTorch are those of the CPU: the whole path runs on CPU tensors, and on a GPU where one is."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline import ExactMoments, LinearRegression, Moments
from gradline.errors import DataError

pytest.importorskip("torch", reason="needs the extra 'torch'")

import torch

from gradline.moments.device import arithmetic, rows

RNG = np.random.default_rng(0)
GPU = pytest.param(
    "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that PyTorch can use")
)
DEVICES = ["cpu", GPU]
N = 1500

X = RNG.normal(size=(N, 3))
KINDS = {
    "normal": X,
    "integers": np.round(10 * X),
    "float32": X.astype(np.float32).astype(float),
    "far off": X + 1e8,
    "unix time": np.floor(1.7e9 + 1e5 * X),
    "zeros": np.where(RNG.random((N, 3)) < 0.7, 0.0, X),
    "sixty decades": X * 10.0 ** RNG.uniform(-30, 30, (N, 3)),
    "subnormal and enormous": X * [1.0, 1e-310, 1e300],
    "largest": np.full((N, 3), np.finfo(float).max),
    "changing": X * 2.0 ** (np.arange(N)[:, None] // 500 * 200.0),
    "constant": np.full((N, 3), 0.1),
}
WEIGHTS = {"none": None, "counts": RNG.integers(0, 4, N).astype(float), "real": 10.0 ** RNG.uniform(-5, 5, N)}
Y = X.sum(axis=1) + RNG.normal(size=N)


def tensors(device, *arrays):
    return [None if array is None else torch.from_numpy(array).to(device) for array in arrays]


@pytest.fixture
def small_blocks(monkeypatch):
    """Several blocks for few rows: two stages take turns, sums are put away when the rows change."""
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", 512)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("kind", KINDS)
def test_exact_moments_have_the_integers_of_the_cpu(kind, weights, device, small_blocks):
    here = ExactMoments.of(KINDS[kind], Y, WEIGHTS[weights])
    brought = ExactMoments.of(KINDS[kind], Y, WEIGHTS[weights], device=device)
    there = ExactMoments.of(*tensors(device, KINDS[kind], Y, WEIGHTS[weights]), device=device)
    assert here.to_json() == brought.to_json() == there.to_json()


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([5e-324, 1e300, -0.0, 1.7e9, 1.0, 3.0])


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=60), st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_finite_rows_have_the_integers_of_the_cpu(table, weighted):
    table = np.array(table)
    weight = np.abs(table[:, 0]) % 1e6 if weighted else None
    assert ExactMoments.of(table[:, :1], table[:, 1], weight) == ExactMoments.of(
        table[:, :1], table[:, 1], weight, device="cpu"
    )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "int64", "bool", "uint16"])
def test_every_real_dtype_is_taken_as_float64(dtype, device):
    cells = (10 * X).astype(dtype)
    assert ExactMoments.of(cells, Y, device=device) == ExactMoments.of(cells.astype(float), Y)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("kind", ["normal", "integers", "far off", "unix time", "zeros", "constant"])
def test_float64_moments_agree_to_rounding(kind, weights, device, small_blocks):
    """Sums of N products err by at most N 2^-53 of the sum of their sizes, which is sqrt(S_ii S_jj) about the mean.

    Either side may: twice that, and the shift may lie a spread away from the mean, which doubles squares.
    """
    here, there = (Moments.of(KINDS[kind], Y, WEIGHTS[weights], device=on) for on in (None, device))
    size = np.sqrt(np.diag(here.scatter) + 1e-30 * np.diag(here.scatter).max())
    assert np.abs(here.scatter - there.scatter).max() <= 4 * N * 2.0**-53 * np.outer(size, size).max()
    assert there.mean == pytest.approx(here.mean, rel=1e-14, abs=1e-14)
    assert (there.rows, there.weight) == (here.rows, pytest.approx(here.weight, rel=1e-14))
    if kind != "constant":
        exact = ExactMoments.of(KINDS[kind], Y, WEIGHTS[weights]).solve()
        digits = there.solve().certificate.digits
        assert (np.abs(there.solve().coef - exact.coef) <= 10.0**-digits * np.abs(exact.coef)).all()


def test_a_tensor_on_a_device_is_summed_there_without_being_asked(monkeypatch):
    class Elsewhere:
        device = torch.device("meta")  # any type but cpu

    asked = []
    monkeypatch.setattr("gradline.moments.exact.exact_sums_on", lambda device, *_: asked.append(device) or (0, None))
    with pytest.raises(AttributeError):
        ExactMoments.of(Elsewhere(), Y)
    assert asked == ["meta"]


@pytest.mark.parametrize("weights", ["none", "counts"])
def test_a_cell_that_is_no_number_is_named_as_on_the_cpu(weights, small_blocks):
    bad = X.copy()
    bad[1234, 1], bad[1400, 0] = np.inf, np.nan
    told = []
    for device in (None, "cpu"):
        with pytest.raises(DataError) as error:
            ExactMoments.of(bad, Y, WEIGHTS[weights], device=device)
        told.append(str(error.value))
    assert told[0] == told[1]
    with pytest.raises(DataError, match="not finite"):
        Moments.of(bad, Y, WEIGHTS[weights], device="cpu")


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ((X[:, 0], Y), "X has shape"),
        ((X, Y[:-1]), "rows but y has"),
        ((X, Y[:, None]), "y has shape"),
        ((X, Y, -np.ones(N)), "weights are negative"),
        ((X, Y, np.ones(3)), "sample_weight has shape"),
        ((X + 1j, Y), "X has t(he t)?ype (torch.)?complex128"),
        ((np.full((N, 1), 2**53 + 1), Y), "2\\*\\*53|9007199254740993"),
    ],
)
def test_bad_input_is_a_sentence(arrays, told):
    for given_ in (arrays, tensors("cpu", *arrays)):
        with pytest.raises(DataError, match=told):
            ExactMoments.of(*given_, device="cpu")


@pytest.mark.parametrize("integer", [2**63 - 1, 2**63 - 512, 2**64 - 1, 2**60 + 1, 2**53 + 1])
def test_integers_that_float64_would_round_are_refused_in_tensors_too(integer):
    """Some processors make the largest integer of a float beyond it, from which the way back looks like the way out."""
    kind = torch.int64 if integer < 2**63 else torch.uint64
    rows = torch.tensor([[integer], [3], [5]], dtype=kind)
    with pytest.raises(DataError, match=r"X holds integers beyond 2\*\*53"):
        ExactMoments.of(rows, Y[:3], device="cpu")
    assert ExactMoments.of(rows[1:], Y[:2], device="cpu") == ExactMoments.of([[3.0], [5.0]], Y[:2])


@pytest.mark.filterwarnings("ignore:Sparse CSR")  # PyTorch calls them a beta
def test_tensors_of_other_layouts_are_refused_and_of_other_types_taken():
    with pytest.raises(DataError, match="expected real numbers in a dense tensor"):
        ExactMoments.of(torch.from_numpy(X).to_sparse_csr(), Y, device="cpu")
    weight = torch.ones(N, dtype=torch.bfloat16)
    assert ExactMoments.of(X, Y, weight, device="cpu") == ExactMoments.of(X, Y, np.ones(N))


def test_a_device_that_is_not_there_is_a_sentence():
    with pytest.raises(DataError, match="device 'nonsense' cannot be used here"):
        ExactMoments.of(X, Y, device="nonsense")
    if not torch.cuda.is_available():
        with pytest.raises(DataError, match="device 'cuda' cannot be used here"):
            Moments.of(X, Y, device="cuda")


@pytest.fixture
def fresh_trust():
    for cached in (arithmetic.is_exact, arithmetic.keeps_every_bit):
        cached.cache_clear()
    yield
    for cached in (arithmetic.is_exact, arithmetic.keeps_every_bit):
        cached.cache_clear()


@pytest.mark.parametrize("fault", ["tf32", "float32", "reordered", "flushed", "half up"])
def test_a_device_that_rounds_is_refused(fault, fresh_trust, monkeypatch):
    """What such hardware would do, done here: products with 10 bits, in float32, sums before products."""
    matmul, rounded = torch.matmul, torch.round

    def narrow(a, b):
        if fault == "tf32":
            a, b = (
                torch.ldexp(rounded(torch.ldexp(v, -torch.log2(v.abs().max()) + 10)), torch.tensor(12)) for v in (a, b)
            )
        return matmul(a.float(), b.float()).double()

    if fault in ("tf32", "float32"):
        monkeypatch.setattr(torch, "matmul", narrow)
    elif fault == "reordered":  # (a + b) c - b c, as algorithms of Strassen's kind do, beyond 2^53
        monkeypatch.setattr(torch, "matmul", lambda a, b: matmul(a + 2.0**40, b) - matmul(0 * a + 2.0**40, b))
    elif fault == "half up":
        monkeypatch.setattr(torch, "round", lambda v: torch.floor(v + 0.5))
    else:
        monkeypatch.setattr(arithmetic, "_steps_are_exact", lambda _: 5e-324 * 0.25 != 0.0)
    with pytest.raises(DataError, match="does not multiply integers exactly"):
        ExactMoments.of(X, Y, device="cpu")


def test_emulated_float64_is_refused(monkeypatch):
    monkeypatch.setenv(arithmetic.EMULATED, "1")
    with pytest.raises(DataError, match="made of narrower numbers"):
        ExactMoments.of(X, Y, device="cpu")


def test_the_largest_digits_do_not_overflow_int64():
    """2^18 rows of them: 512 blocks whose products of 2^53 add up to 2^62, twice; their halves are kept apart."""
    side = np.full((2 * rows.ROWS_AT_ONCE, 1), 2.0**22)
    found = ExactMoments.of(side, side[:, 0], device="cpu")
    assert json.loads(found.to_json())["sums"][0] == f"1p{44 + 19}"


def test_a_model_of_the_sums_of_a_device_is_the_model():
    moments = ExactMoments.of(X, Y, device="cpu")
    assert (LinearRegression.from_moments(moments).coef_ == LinearRegression(precision="exact").fit(X, Y).coef_).all()


def test_blocks_come_in_order_and_whole():
    brought = rows.DeviceRows(X, Y, None, torch.device("cpu"), lambda columns: 400)
    blocks = list(brought)
    assert [block.start for block in blocks] == [0, 400, 800, 1200]
    assert (np.concatenate([block.Z.numpy() for block in blocks]) == np.column_stack([X, Y])).all()
