"""What a GPU does and the CPU does not, on one that is pretended: see `tests.pretended_gpu` for what that can show.

Whether a real GPU rounds as it must, `test_device.py` asks where there is one.
"""

import numpy as np
import pytest

from gradline import ExactMoments, Moments
from gradline.errors import DataError

pytest.importorskip("torch", reason="needs the extra 'torch'")

import torch

from gradline.moments.device import arithmetic, digit_sums, exact_sums, rows, transfer
from tests.pretended_gpu import Stream

RNG = np.random.default_rng(0)
N = 3000
X = RNG.normal(size=(N, 3))
Y = X.sum(axis=1) + RNG.normal(size=N)
WEIGHT = RNG.integers(0, 3, N).astype(float)
HERE = ExactMoments.of(X, Y)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Six of them, through two places."""
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", 512)


# ---- where numbers are, and when


def test_exact_moments_of_a_gpu_are_the_integers_of_the_cpu(gpu):
    on_gpu, y_on_gpu = torch.from_numpy(X).to("cuda"), torch.from_numpy(Y).to("cuda")
    assert ExactMoments.of(X, Y, device="cuda") == HERE
    assert ExactMoments.of(on_gpu, y_on_gpu) == HERE
    assert ExactMoments.of(X, Y, WEIGHT) == ExactMoments.of(X, Y, WEIGHT, device="cuda")
    assert ExactMoments.of(X, Y, WEIGHT) == ExactMoments.of(on_gpu, y_on_gpu, torch.from_numpy(WEIGHT).to("cuda"))


def test_rows_of_which_some_are_there_already_are_brought_together(gpu):
    on_gpu, y_on_gpu = torch.from_numpy(X).to("cuda"), torch.from_numpy(Y).to("cuda")
    assert HERE == ExactMoments.of(X, y_on_gpu, device="cuda") == ExactMoments.of(on_gpu, Y)
    assert ExactMoments.of(X, Y, WEIGHT) == ExactMoments.of(on_gpu, Y, WEIGHT)


def test_float64_moments_of_a_gpu_are_those_of_tensors_of_the_cpu(gpu):
    here, there = (Moments.of(X, Y, WEIGHT, device=device) for device in ("cpu", "cuda"))
    assert here.to_json() == there.to_json()


def test_rows_are_brought_once(gpu):
    ExactMoments.of(X, Y, device="cuda")
    blocks = [min(512, N - start) for start in range(0, N, 512)]
    assert [count for count in gpu.brought if count > 5] == [4 * rows for rows in blocks]


@pytest.mark.parametrize(("moments", "few"), [(ExactMoments, 5), (Moments, 4)])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_no_few_numbers_wait_behind_the_block_on_its_way(moments, few, weight, gpu):
    """Scales, or a shift, go once: each would be there after the whole block that was asked for before it."""
    moments.of(X, Y, weight, device="cuda")
    width = 4 if weight is None else 5
    assert gpu.brought == [width * 512, width * 512, few, *[width * 512] * 3, width * (N % 512)]


def test_all_passes_share_two_streams(gpu, monkeypatch):
    """The memory of a stream is kept for it: with streams of its own each pass would keep two blocks more."""
    made = []
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: made.append(Stream(device)) or made[-1])
    for _ in range(3):
        assert ExactMoments.of(X, Y, device="cuda") == HERE
    assert len(made) == 2


def test_rows_that_three_digits_do_not_hold_stay_on_the_gpu(gpu, monkeypatch):
    """Only what six digits do not hold either goes to the CPU: 6 * 23 bits from the largest of these rows."""
    small, smaller = X.copy(), X.copy()
    small[::20] *= 2.0**-60
    smaller[::20] *= 2.0**-300
    smaller[::40] *= 2.0**-300
    by_cpu, add = [], exact_sums.DeviceAccumulator._add_by_cpu
    monkeypatch.setattr(
        exact_sums.DeviceAccumulator,
        "_add_by_cpu",
        lambda self, Z, weight: by_cpu.append(len(Z)) or add(self, Z, weight),
    )
    for weight in (None, WEIGHT):
        assert ExactMoments.of(small, Y, weight, device="cuda") == ExactMoments.of(small, Y, weight)
    assert by_cpu == []
    assert ExactMoments.of(smaller, Y, device="cuda") == ExactMoments.of(smaller, Y)
    assert sum(by_cpu) > 0


def test_a_bad_cell_of_a_gpu_is_named_as_on_the_cpu(gpu):
    bad = X.copy()
    bad[1234, 1], bad[2400, 0] = np.inf, np.nan
    told = []
    for device in (None, "cuda"):
        with pytest.raises(DataError) as error:
            ExactMoments.of(bad, Y, WEIGHT, device=device)
        told.append(str(error.value))
    assert told[0] == told[1]
    with pytest.raises(DataError, match="not finite"):
        Moments.of(bad, Y, device="cuda")


def test_the_next_block_is_on_its_way_while_one_is_summed(gpu, monkeypatch):
    waiting, add = [], exact_sums.DeviceAccumulator.add
    streams = []
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: streams.append(Stream(device)) or streams[-1])
    monkeypatch.setattr(
        exact_sums.DeviceAccumulator,
        "add",
        lambda *args: waiting.append(sum(len(stream.waiting) for stream in streams)) or add(*args),
    )
    assert ExactMoments.of(X, Y, device="cuda") == HERE
    assert waiting == [1, 1, 1, 1, 1, 0]


def test_a_sum_that_did_not_wait_for_its_block_would_be_seen(gpu, monkeypatch):
    """And so the integers above show that each sum waits."""
    monkeypatch.setattr(Stream, "wait_stream", lambda self, other: None)
    with pytest.raises((DataError, AssertionError)):
        assert ExactMoments.of(X, Y, device="cuda") == HERE


def test_a_buffer_that_was_written_again_before_its_copy_had_ended_would_be_seen(gpu, monkeypatch):
    """One place instead of two, and nobody waits for what is in it: the integers above show that this is not so."""
    place = transfer._Place(torch.device("cuda", 0), Stream())
    monkeypatch.setattr(transfer, "_Place", lambda device, stream: place)
    assert ExactMoments.of(X, Y, device="cuda") == HERE  # slower, and right: the program waits for its own place
    monkeypatch.setattr(Stream, "synchronize", lambda self: None)
    monkeypatch.setattr(Stream, "wait_stream", lambda self, other: [copy() for copy in other.waiting])
    assert ExactMoments.of(X, Y, device="cuda") != HERE


def test_memory_that_a_sum_still_reads_and_that_was_not_recorded_would_be_seen(gpu, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: None)
    with pytest.raises(AssertionError, match="record_stream"):
        ExactMoments.of(X, Y, device="cuda")


def test_too_little_memory_is_a_sentence(gpu):
    gpu.most_numbers = 512 * 4 - 1
    for moments in (ExactMoments, Moments):
        with pytest.raises(DataError, match=r"device 'cuda:0' has too little memory: CUDA out of memory\. Tried"):
            moments.of(X, Y, device="cuda")


def test_too_little_page_locked_memory_is_a_sentence(gpu):
    gpu.most_page_locked = 512 * 4 - 1
    for moments in (ExactMoments, Moments):
        with pytest.raises(DataError, match=r"device 'cuda:0' has too little memory: CUDA error: out of memory\nhint"):
            moments.of(X, Y, device="cuda")


@pytest.mark.parametrize("moments", [ExactMoments, Moments])
def test_too_little_memory_for_a_look_at_integers_is_a_sentence(moments, gpu, monkeypatch):
    """Whether float64 holds them is asked of a slice at a time."""
    whole, y = torch.from_numpy(np.round(100 * X).astype(np.int64)).to("cuda"), torch.from_numpy(Y).to("cuda")
    looks, to = [], gpu._to
    monkeypatch.setattr(
        gpu, "_to", lambda f, tensor, *how, **more: looks.append(tensor.numel()) or to(f, tensor, *how, **more)
    )
    monkeypatch.setattr(rows, "NUMBERS_AT_ONCE", 300)
    assert not rows._would_be_rounded(whole)
    assert max(looks) <= 300

    def full(integers):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GB.\nSee ...")

    monkeypatch.setattr(rows, "_would_be_rounded", full)
    with pytest.raises(DataError, match="device 'cuda:0' has too little memory"):
        moments.of(whole, y)


def test_a_library_that_has_no_memory_for_itself_is_a_sentence(gpu):
    def fails(a, b):
        raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")

    gpu.multiplies = fails
    with pytest.raises(DataError, match="device 'cuda:0' has too little memory: CUDA error: CUBLAS_STATUS_ALLOC"):
        Moments.of(X, Y, device="cuda")


def test_y_or_a_weight_on_a_gpu_is_summed_there_without_being_asked(gpu):
    assert ExactMoments.of(X, torch.from_numpy(Y).to("cuda")) == HERE
    assert ExactMoments.of(X, Y, torch.from_numpy(WEIGHT).to("cuda")) == ExactMoments.of(X, Y, WEIGHT)


def test_a_table_by_columns_is_not_copied_whole():
    by_columns = np.asfortranarray(X)
    assert np.shares_memory(rows._numbers(by_columns, "X").numpy(), by_columns)
    for turned in (X[::-1], X[:, ::-1]):
        assert ExactMoments.of(turned, Y, device="cpu") == ExactMoments.of(turned.copy(), Y)


@pytest.mark.parametrize("digits", [3, 6])
def test_long_rows_come_in_smaller_blocks(digits, monkeypatch):
    """Digits of a block, and their products, take no more than 512 MB each, of any number of columns up to 1000."""
    monkeypatch.undo()
    for columns in (2, 21, 201, 1001):
        lines, most = digits * columns + 1, digit_sums.blocks_of(columns, digits)
        assert most * lines <= 2**26
        assert -(-most // 512) * lines**2 <= 2**26
    assert digit_sums.blocks_of(21, 3) == 2**18
    assert digit_sums.blocks_of(10_000, digits) == 512  # never less


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_where_the_caller_makes_tensors_by_default_changes_nothing(device, request):
    """`torch.set_default_device`; the tensors of this one hold no numbers."""
    if device == "cuda":
        request.getfixturevalue("doubted_gpu")
    arithmetic.is_exact.cache_clear()
    arithmetic.keeps_every_bit.cache_clear()
    with torch.device("meta"):
        assert ExactMoments.of(X, Y, device=device) == HERE
        assert Moments.of(X, Y, device=device).rows == N


# ---- what is refused


def kept(v, bits, dim):
    """Numbers by so many bits below the largest along `dim`: what products made of narrower integers keep."""
    top = torch.frexp(v.abs().amax(dim=dim, keepdim=True)).exponent
    return torch.ldexp(torch.round(torch.ldexp(v, bits - top)), top - bits)


@pytest.mark.parametrize("bits", [22, 30, 45, 53, 55, 79])
def test_a_device_whose_float64_products_are_emulated_is_refused(bits, doubted_gpu):
    """Fixed-point products keep so many bits of each row and column; 55 or more pass every test of integers."""
    doubted_gpu.multiplies = lambda a, b: kept(a, bits, -1) @ kept(b, bits, -2)
    with pytest.raises(DataError, match="does not multiply integers exactly in float64"):
        ExactMoments.of(X, Y, device="cuda")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_device_that_multiplies_in_a_narrower_type_is_refused(dtype, doubted_gpu):
    doubted_gpu.multiplies = lambda a, b: (a.to(dtype) @ b.to(dtype)).to(a.dtype)
    with pytest.raises(DataError, match="does not multiply integers exactly in float64"):
        Moments.of(X, Y, device="cuda")


def test_emulation_that_cublas_was_asked_for_is_refused_by_its_name(doubted_gpu, monkeypatch):
    monkeypatch.setenv("CUBLAS_EMULATE_DOUBLE_PRECISION", "1")
    with pytest.raises(DataError, match="CUBLAS_EMULATE_DOUBLE_PRECISION is set") as error:
        Moments.of(X, Y, device="cuda")
    assert error.value.hint == "unset CUBLAS_EMULATE_DOUBLE_PRECISION"


def test_a_gpu_is_tested_at_the_size_of_its_work(doubted_gpu, monkeypatch):
    """A library chooses its routine by the shape: one that rounds where there are many blocks is found out."""
    doubted_gpu.multiplies = lambda a, b: (a @ b) * (1 + 2.0**-40 * (len(a) >= 4))
    with pytest.raises(DataError, match="does not multiply integers exactly"):
        ExactMoments.of(X, Y, device="cuda")


def test_each_device_is_tested_once(doubted_gpu):
    assert str(arithmetic.trusted("cuda")) == "cuda:0"
    doubted_gpu.brought.clear()
    arithmetic.trusted("cuda:0")
    assert doubted_gpu.brought == []


def test_a_library_that_does_not_multiply_is_a_sentence(doubted_gpu):
    def fails(a, b):
        raise RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`\nmore")

    doubted_gpu.multiplies = fails
    with pytest.raises(DataError, match="device 'cuda:0' cannot be used here: CUDA error: CUBLAS_STATUS_NOT_INIT"):
        ExactMoments.of(X, Y, device="cuda")


def test_a_device_without_float64_is_a_sentence(monkeypatch):
    """Apple's, which raises TypeError."""
    message = "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
    monkeypatch.setattr(torch, "zeros", lambda *shape, **how: (_ for _ in ()).throw(TypeError(message)))
    with pytest.raises(DataError, match="device 'mps' cannot be used here: Cannot convert a MPS Tensor"):
        arithmetic.trusted("mps")
