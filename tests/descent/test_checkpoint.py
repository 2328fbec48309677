"""A checkpoint gives back every bit or says why not; a kill leaves the last one or the one before."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradline.data.batch import Batch
from gradline.data.written.checkpoint import Checkpoint, Saver, fingerprint, load, save
from gradline.data.written.nested import from_json, to_json
from gradline.descent.rung1_by_hand import ByHand
from gradline.errors import DataError
from tests.command import gradline

FIELDS = fingerprint({"engine": "numpy", "learning_rate": 0.1, "seed": 3})


def checkpoint(state, iteration=2, history=(0.5, 0.25), fields=FIELDS):
    return Checkpoint(fields, iteration, history, state)


def bits(value):
    """What tells two nested values apart: types, dtypes, shapes, bytes, the order of keys."""
    if isinstance(value, dict):
        return type(value), [(bits(key), bits(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [bits(item) for item in value]
    if isinstance(value, float) and not isinstance(value, np.generic):
        return float, np.float64(value).tobytes()
    if isinstance(value, np.ndarray | np.generic):
        return isinstance(value, np.generic), value.dtype.str, value.shape, value.tobytes()
    if type(value).__module__ == "torch":
        return "tensor", bits(value.numpy())
    return type(value), value


# Round trips

numbers = arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.unsigned_integer_dtypes()
numbers |= arrays.floating_dtypes(endianness="?") | arrays.floating_dtypes(endianness=">", sizes=(64,))
numbers |= arrays.complex_number_dtypes(sizes=(64, 128))
numbers = numbers.filter(lambda dtype: dtype.char not in "gG")
shapes = arrays.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=3)
ndarrays = arrays.arrays(numbers, shapes)
scalars = ndarrays.filter(lambda a: a.size > 0).map(lambda a: a.flat[0])
keys = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
keys |= st.sampled_from(["$dict", "$tuple", "$", ""]) | st.tuples(st.integers(), st.text(max_size=2))
leaves = keys | st.floats(allow_nan=True) | ndarrays | scalars | st.integers(-(2**128), 2**128)
nests = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3).map(OrderedDict)
        | st.dictionaries(st.integers(), st.integers(), max_size=3).map(Counter)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(nests)
def test_every_nest_of_values_comes_back_to_the_bit(value):
    text = json.dumps(to_json(value), allow_nan=False)
    assert bits(from_json(json.loads(text))) == bits(value)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    state=st.dictionaries(keys, nests, max_size=3),
    history=st.lists(st.floats()).map(tuple),
    fields=st.dictionaries(st.text(max_size=3), nests.filter(lambda v: is_plain(v)), max_size=3),
)
def test_a_file_gives_back_what_was_saved(tmp_path_factory, state, history, fields):
    path = tmp_path_factory.mktemp("round") / "fit.json"
    saved = checkpoint(state, 7, history, fingerprint(fields))
    save(path, saved)
    loaded = load(path, fingerprint(fields))
    assert (loaded.fingerprint, loaded.iteration) == (saved.fingerprint, 7)
    assert bits([loaded.history, loaded.state]) == bits([history, state])
    assert os.listdir(path.parent) == ["fit.json"]


def is_plain(value):
    try:
        fingerprint({"value": value})
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("pattern", ["7ff0000000000001", "fff8000000000000", "7ffabcdef0123456", "8000000000000000"])
def test_a_nan_keeps_its_sign_and_payload_and_zero_its_sign(pattern, tmp_path):
    bits_in = bytes.fromhex(pattern)
    (number,) = np.frombuffer(bits_in, ">f8").astype("<f8").tolist()
    array = np.frombuffer(bits_in, ">u8").astype("<u8").view("<f8")
    save(tmp_path / "fit.json", checkpoint({"array": array, "number": number}, history=(number,)))
    loaded = load(tmp_path / "fit.json", FIELDS)
    assert bits([loaded.state, loaded.history]) == bits([{"array": array, "number": number}, (number,)])
    assert loaded.state["array"].view("<u8")[0] == int(pattern, 16)


def test_arrays_come_back_writable_and_on_their_own(tmp_path):
    w = np.arange(3.0)
    save(tmp_path / "fit.json", checkpoint({"w": w}))
    first, second = (load(tmp_path / "fit.json", FIELDS).state["w"] for _ in range(2))
    first += 1
    assert second.tolist() == w.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_generator_goes_on_where_it_was(name, tmp_path):
    rng = np.random.Generator(getattr(np.random, name)(5))
    rng.integers(0, 2**31, size=3, dtype=np.int32)  # leaves half a draw in the state
    save(tmp_path / "fit.json", checkpoint({"rng": rng.bit_generator.state}))
    expected = rng.permutation(100), rng.random(10)
    again = np.random.Generator(getattr(np.random, name)(6))
    again.bit_generator.state = load(tmp_path / "fit.json", FIELDS).state["rng"]
    assert bits((again.permutation(100), again.random(10))) == bits(expected)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"schedule": [abs]}, "state['schedule'][0] is of type builtin_function_or_method"),
        ({"w": np.array([None])}, "state['w'] is of type array of object"),
        ({"w": np.zeros(2, np.longdouble)}, "state['w'] is of type array of " + str(np.dtype(np.longdouble))),
        ({"w": np.ma.array([1.0])}, "state['w'] is of type array of float64"),
        ({b"w": 1}, "a key of state is of type bytes"),
        ({"when": np.datetime64("2020-01-01")}, "state['when'] is of type datetime64"),
        ({"seen": {1, 2}}, "state['seen'] is of type set"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_place(value, told, tmp_path):
    with pytest.raises(DataError, match=re.escape(told)):
        save(tmp_path / "fit.json", checkpoint(value))
    assert os.listdir(tmp_path) == []


def test_a_state_that_holds_itself_is_refused(tmp_path):
    state = {}
    state["state"] = state
    with pytest.raises(DataError, match="nested too deeply"):
        save(tmp_path / "fit.json", checkpoint(state))


# Continuing

STEPS = 12  # before the checkpoint and again after it


def test_a_resumed_descent_in_shuffled_batches_ends_in_the_same_bits(tmp_path):
    data = np.random.default_rng(0)
    X = data.normal(size=(40, 3))
    y = X @ [1.0, -2.0, 0.5] + data.normal(size=40)

    def go_on(rung, rng):
        for _ in range(STEPS):
            order = rng.permutation(40)
            for rows in np.split(order, 5):
                rung.step(Batch.of(X[rows], y[rows]))

    options = {"learning_rate": 0.03, "bias": True, "dtype": "float64"}
    rung, rng = ByHand(np.zeros(3), 0.0, **options), np.random.default_rng(1)
    go_on(rung, rng)
    save(tmp_path / "fit.json", checkpoint({"at": rung.read(), "rng": rng.bit_generator.state}))
    go_on(rung, rng)

    state = load(tmp_path / "fit.json", FIELDS).state
    resumed, rng = ByHand(*state["at"], **options), np.random.default_rng()
    rng.bit_generator.state = state["rng"]
    go_on(resumed, rng)
    assert bits(resumed.read()) == bits(rung.read())


OPTIMIZERS = {
    "SGD": {"lr": 0.02, "momentum": 0.9, "nesterov": True},
    "Adam": {"lr": 0.05},
    "Adam amsgrad": {"lr": 0.05, "amsgrad": True, "weight_decay": 0.01},
    "LBFGS": {"lr": 0.1, "max_iter": 3, "history_size": 4},
    "LBFGS strong": {"lr": 1.0, "max_iter": 2, "line_search_fn": "strong_wolfe"},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    **{name: {"lr": 0.05} for name in ("Adadelta", "Adafactor", "Adagrad", "Adamax", "AdamW", "ASGD")},
    **{name: {"lr": 0.05} for name in ("NAdam", "RAdam", "Rprop")},
}
SCHEDULES = {
    "none": {},
    "StepLR": {"step_size": 5, "gamma": 0.7},
    "MultiStepLR": {"milestones": [4, 4, 15], "gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 30},
    "ReduceLROnPlateau": {"patience": 1, "threshold": 0.5},
    "OneCycleLR": {"max_lr": 0.05, "total_steps": 2 * STEPS + 1},
}


class TorchDescent:
    """`nn.Linear`, an optimizer and a schedule, with all that moves in one state."""

    def __init__(self, optimizer, schedule, dtype):
        torch = pytest.importorskip("torch")
        generator = torch.Generator().manual_seed(0)
        self.X, self.y = (torch.randn(30, k, generator=generator, dtype=dtype) for k in (4, 1))
        self.model = torch.nn.Linear(4, 1, dtype=dtype)
        with torch.no_grad():
            self.model.weight.copy_(torch.full((1, 4), 0.3))
            self.model.bias.fill_(-0.1)
        kind = getattr(torch.optim, optimizer.split()[0])
        self.optimizer = kind(self.model.parameters(), **OPTIMIZERS[optimizer])
        kind = getattr(torch.optim.lr_scheduler, schedule, None)
        self.schedule = kind(self.optimizer, **SCHEDULES[schedule]) if kind else None

    def go_on(self):
        def closure():
            self.optimizer.zero_grad()
            loss = ((self.model(self.X) - self.y) ** 2).mean()
            loss.backward()
            return loss

        for _ in range(STEPS):
            loss = self.optimizer.step(closure)
            if self.schedule is not None:
                plateau = type(self.schedule).__name__ == "ReduceLROnPlateau"
                self.schedule.step(loss.item()) if plateau else self.schedule.step()
        return self

    @property
    def state(self):
        return {
            "parameters": list(self.model.parameters()),
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
        }

    @state.setter
    def state(self, state):
        import torch

        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), state["parameters"], strict=True):
                parameter.copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        # torch casts all but "step" to the parameter's dtype: the float32 scalars of NAdam and ASGD are put back.
        for parameter, kept in zip(self.model.parameters(), state["optimizer"]["state"].values(), strict=False):
            self.optimizer.state[parameter].update(kept)
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])


@pytest.mark.parametrize(
    ("optimizer", "schedule", "dtype"),
    [(name, "none", dtype) for name in OPTIMIZERS for dtype in ("float64", "float32")]
    + [(name, schedule, "float64") for name in ("SGD", "Adam", "LBFGS") for schedule in [*SCHEDULES][1:-1]]
    + [(name, "OneCycleLR", "float64") for name in ("SGD", "Adam")],  # it moves a momentum, which LBFGS has not
)
def test_torch_goes_on_in_the_same_bits(optimizer, schedule, dtype, tmp_path):
    torch = pytest.importorskip("torch")
    setting = optimizer, schedule, getattr(torch, dtype)
    unbroken = TorchDescent(*setting).go_on()
    save(tmp_path / "fit.json", checkpoint(unbroken.state))
    resumed = TorchDescent(*setting)
    at_start = bits(detached(resumed.state))
    resumed.state = load(tmp_path / "fit.json", FIELDS).state
    assert bits(detached(resumed.state)) == bits(detached(unbroken.state)) != at_start
    unbroken.go_on()
    resumed.go_on()
    assert bits(detached(resumed.state)) == bits(detached(unbroken.state))


def detached(value):
    """Without the graph, and any mapping as a plain dict: a schedule may take either."""
    if isinstance(value, dict):
        return {key: detached(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(detached(item) for item in value)
    return value.detach().clone() if type(value).__module__.startswith("torch") else value


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", "bool", "complex128"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_tensors_keep_dtype_and_shape(dtype, shape, tmp_path):
    torch = pytest.importorskip("torch")
    tensor = torch.arange(6)[: int(np.prod(shape))].reshape(shape).to(getattr(torch, dtype))
    save(tmp_path / "fit.json", checkpoint({0: tensor}))
    loaded = load(tmp_path / "fit.json", FIELDS).state[0]
    assert (loaded.dtype, loaded.shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(loaded, tensor)


@pytest.mark.parametrize("kind", ["bfloat16", "sparse", "Size"])
def test_what_numpy_has_not_is_refused(kind, tmp_path):
    torch = pytest.importorskip("torch")
    value = {
        "bfloat16": torch.zeros(2, dtype=torch.bfloat16),
        "sparse": torch.zeros(2).to_sparse(),
        "Size": torch.Size([2]),
    }[kind]
    with pytest.raises(DataError, match=rf"state\['w'\] is of type .*{kind}"):
        save(tmp_path / "fit.json", checkpoint({"w": value}))


def test_saving_and_loading_without_tensors_leaves_torch_alone(tmp_path):
    code = f"""
import sys
import numpy as np
from gradline.data.written.checkpoint import Checkpoint, load, save
save({str(tmp_path / "fit.json")!r}, Checkpoint({{}}, 1, (1.0,), {{"w": np.ones(2), "n": 1}}))
load({str(tmp_path / "fit.json")!r}, {{}})
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


# Another fit

COMMON = {"engine": "nn", "learning_rate": 0.1, "optimizer": Counter, "init": np.zeros(2), "batch_size": None}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"learning_rate": 0.2}, "its learning_rate was 0.1, expected 0.2"),
        ({"learning_rate": np.nextafter(0.1, 1)}, "its learning_rate was 0.1, expected 0.10000000000000002"),
        ({"engine": "numpy"}, "its engine was 'nn', expected 'numpy'"),
        ({"engine": "numpy", "learning_rate": 0.2}, "its engine was 'nn', expected 'numpy'"),
        ({"batch_size": 32}, "its batch_size was None, expected 32"),
        ({"init": np.array([0.0, -0.0])}, "its init was [0.0, 0.0], expected [0.0, -0.0]"),
        ({"optimizer": OrderedDict}, "its optimizer was collections.Counter, expected collections.OrderedDict"),
        ({"seed": 3}, "its seed was not there, expected 3"),
    ],
)
def test_another_fit_is_told_by_its_first_difference(changed, told, tmp_path):
    path = tmp_path / "fit.json"
    save(path, checkpoint({}, fields=fingerprint(COMMON)))
    with pytest.raises(DataError, match=re.escape(f"{path} belongs to another fit: {told}") + "\nhint: delete"):
        load(path, fingerprint({**COMMON, **changed}))


def test_a_field_too_many_is_another_fit(tmp_path):
    save(tmp_path / "fit.json", checkpoint({}, fields=fingerprint({**COMMON, "seed": 3})))
    with pytest.raises(DataError, match="its seed was 3, expected none"):
        load(tmp_path / "fit.json", fingerprint(COMMON))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1, np.float64(0.1)),
        ([1.5, 2.5], np.array([1.5, 2.5])),
        ((1, 2), [1, 2]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_the_same_values_have_the_same_fingerprint(one, other):
    assert fingerprint({"it": one}) == fingerprint({"it": other})


@pytest.mark.parametrize("place", [0, 50_000, 99_999])
def test_one_bit_in_a_long_array_is_another_fingerprint(place):
    means = np.random.default_rng(0).normal(size=100_000)
    changed = means.copy()
    changed[place] = np.nextafter(changed[place], 9)
    one, other = fingerprint({"means": means})["means"], fingerprint({"means": changed})["means"]
    assert one != other
    assert max(len(one), len(other)) < 120


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", iter(())])
def test_what_would_look_different_tomorrow_has_no_fingerprint(value):
    with pytest.raises(TypeError, match="cannot be part of a fingerprint"):
        fingerprint({"value": value})


# Files that are none, or no longer whole


def small():
    return checkpoint({"w": np.array([1.5, -0.0]), "rng": 2**100, 0: (1, np.nan)})


def test_no_file_is_no_checkpoint(tmp_path):
    assert load(tmp_path / "fit.json", FIELDS) is None
    assert load(tmp_path / "no folder" / "fit.json", FIELDS) is None


def test_a_file_cut_at_any_byte_is_refused(tmp_path):
    path = tmp_path / "fit.json"
    save(path, small())
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"fit\.json is (damaged|not a checkpoint)"):
            load(path, FIELDS)


def test_a_flipped_bit_anywhere_is_noticed(tmp_path):
    path = tmp_path / "fit.json"
    save(path, small())
    whole = path.read_bytes()
    start, end = whole.index(b'{"fingerprint"'), len(whole) - 1
    under_checksum = [
        (place, 1 << place % 8) for place in range(start, end)
    ]  # which every bit of a byte counts in alike
    elsewhere = [(place, flip) for place in [*range(start), end] for flip in (1, 4, 128)]
    for place, flip in under_checksum + elsewhere:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
        with pytest.raises(DataError):
            load(path, FIELDS)


def test_every_digit_counts(tmp_path):
    path = tmp_path / "fit.json"
    save(path, small())
    whole = path.read_text()
    start = whole.index("sha256")
    for match in re.finditer(r"\d", whole[start:]):
        place = start + match.start()
        path.write_text(f"{whole[:place]}{(int(match[0]) + 1) % 10}{whole[place + 1 :]}")
        with pytest.raises(DataError, match="damaged"):
            load(path, FIELDS)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not a checkpoint: it is empty"),
        (b"price,sqft\n1,2\n", "is not a checkpoint: it is not JSON"),
        (b"PAR1\x00\xff\xfe", "is not a checkpoint: it is not JSON"),
        (b"[" * 100_000, "is not a checkpoint: it is not JSON"),
        (b"[1, 2]", "is not a checkpoint: its kind is None, expected 'gradline.Checkpoint'"),
        (b'{"kind": "Moments", "version": 1}', "is not a checkpoint: its kind is 'Moments'"),
        (b'{"kind": "gradline.Checkpoint"}', "is damaged"),
        (
            b'{"kind": "gradline.Checkpoint", "version": 2}',
            r"is of version 2, expected at most 1\nhint: a newer gradline",
        ),
        (b'{"kind": "gradline.Checkpoint", "version": "1", "content": NaN}', "is damaged"),
    ],
)
def test_other_files_are_told_apart(content, told, tmp_path):
    path = tmp_path / "fit.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told):
        load(path, FIELDS)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "state",
    [
        {"$array": ["<f8", [3], "AAAA"]},
        {"$array": ["|O", [1], "AAAAAAAAAAA="]},
        {"$array": ["<f8", [-1], "AAAAAAAAAAA="]},
        {"$array": ["<f8", [0, 10**30], ""]},
        {"$array": ["<f8", [1], "AAAAAAA*AAA="]},
        {"$array": 3},
        {"$float": "00"},
        {"$int": "ten"},
        {"$dict": [[[], 1]]},
        {"$class": "os.system"},
        [],
    ],
)
def test_a_state_that_none_of_us_wrote_is_refused(state, tmp_path):
    """With the right checksum, as someone who edits the file by hand would write it."""
    import hashlib

    path = tmp_path / "fit.json"
    save(path, small())
    file = json.loads(path.read_text())
    file["content"]["state"] = {"w": state} if state else []
    file["sha256"] = hashlib.sha256(json.dumps(file["content"]).encode()).hexdigest()
    path.write_text(json.dumps(file))
    with pytest.raises(DataError, match="is damaged"):
        load(path, FIELDS)


# Writing that fails


def test_a_folder_that_is_missing_or_none_is_told(tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "missing" / "fit.json", tmp_path / "file" / "fit.json"):
        with pytest.raises(
            DataError, match=r"fit\.json cannot be written: (there is no folder|Not a directory).*\nhint: name a file"
        ):
            save(path, small())
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_or_a_device_is_not_replaced(tmp_path):
    for path, told in ((tmp_path, "it is a folder"), (Path(os.devnull), "it is no ordinary file")):
        with pytest.raises(DataError, match=f"cannot be written: {told}"):
            save(path, small())
        with pytest.raises(DataError, match=f"cannot be read: {told}"):
            load(path, FIELDS)
    assert not Path(os.devnull).is_file()


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "fit.json"
    link.symlink_to(tmp_path / "far" / "real.json")
    save(link, small())
    assert link.is_symlink()
    assert os.listdir(tmp_path / "far") == ["real.json"]
    assert load(link, FIELDS).iteration == 2


def test_a_read_only_folder_is_told_and_stays_as_it_is(tmp_path):
    path = tmp_path / "fit.json"
    save(path, small())
    before = path.read_bytes()
    tmp_path.chmod(0o555)
    code = f"""
import os
from gradline.data.written.checkpoint import Checkpoint, save
from gradline.errors import DataError
if os.geteuid() == 0:  # who may write anywhere
    os.setuid(65534)
try:
    save({str(path)!r}, Checkpoint({{}}, 3, (), {{}}))
except DataError as error:
    print(error.message)
"""
    done = run(code)
    tmp_path.chmod(0o755)
    assert done.stdout.strip() == f"the checkpoint {path} cannot be written: Permission denied"
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["fit.json"]


def test_a_disk_that_is_full_half_way_leaves_the_old_file_and_no_litter(tmp_path):
    """A limit on the size of files stands in for the disk: the system stops the write after so many bytes."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "fit.json"
    save(path, small())
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(DataError, match=r"fit\.json cannot be written: File too large"):
            save(path, checkpoint({"w": np.ones(10_000)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["fit.json"]


def test_an_interrupt_while_writing_leaves_no_litter(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "fit.json", small())
    assert os.listdir(tmp_path) == []


# Kills

needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")


def run(code: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    return gradline(first=f"{code}\nraise SystemExit")


@needs_kill
@pytest.mark.parametrize(
    ("moment", "iteration_left"),
    [("os.fsync", 1), ("os.replace", 1), ("after os.replace", 2)],
)
def test_a_kill_at_each_stage_of_saving_leaves_the_old_or_the_new_file(moment, iteration_left, tmp_path):
    """The process kills itself where it would bring the bytes to the disk, move the file, or has just moved it."""
    code = f"""
import os, signal
from gradline.data.written.checkpoint import Checkpoint, save
save({str(tmp_path / "fit.json")!r}, Checkpoint({{}}, 1, (), {{}}))
replace, kill = os.replace, lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if {moment!r} == "after os.replace":
    os.replace = lambda *names: (replace(*names), kill())
else:
    {moment.split()[-1]} = kill
save({str(tmp_path / "fit.json")!r}, Checkpoint({{}}, 2, (), {{}}))
"""
    assert run(code).returncode == -signal.SIGKILL
    assert load(tmp_path / "fit.json", {}).iteration == iteration_left


@needs_kill
def test_a_kill_at_any_time_leaves_a_whole_file(tmp_path):
    """Processes that do nothing but save, killed after some milliseconds; each goes on where the last was seen."""
    path = tmp_path / "fit.json"
    code = f"""
import os, signal, threading
import numpy as np
from itertools import count
from gradline.data.written.checkpoint import Checkpoint, load, save
known = load({str(path)!r}, {{}})
for k in count(known.iteration + 1 if known else 1):
    save({str(path)!r}, Checkpoint({{}}, k, (float(k),), {{"w": np.full(50_000, float(k))}}))
    print(k, flush=True)
    if threading.active_count() == 1:
        threading.Timer(MILLISECONDS / 1000, os.kill, (os.getpid(), signal.SIGKILL)).start()
"""
    seen = 0
    for milliseconds in (0, 3, 11, 26, 47):
        done = run(code.replace("MILLISECONDS", str(milliseconds)))
        assert done.returncode == -signal.SIGKILL
        told = [int(line) for line in re.findall(r"^\d+\n", done.stdout, re.M)]
        assert told[0] == seen + 1
        left = load(path, {})
        assert told[-1] <= left.iteration <= told[-1] + 1  # saved and told, or saved and killed before it was told
        assert left.history == (float(left.iteration),)
        assert (left.state["w"] == left.iteration).all()
        seen = left.iteration


# When


def test_a_saver_saves_once_an_interval_and_on_demand(tmp_path):
    path = tmp_path / "fit.json"
    now, made = [100.0], []

    def at(seconds, iteration):
        def make():
            made.append(iteration)
            return checkpoint({}, iteration)

        now[0] = 100.0 + seconds
        return saver.after_pass(make)

    saver = Saver(path, every_seconds=10.0, clock=lambda: now[0])
    assert [at(1, 1), at(9.9, 2)] == [False, False]
    assert load(path, FIELDS) is None
    assert [at(10, 3), at(11, 4), at(19.9, 5), at(35, 6), at(44, 7)] == [True, False, False, True, False]
    assert made == [3, 6]  # a checkpoint is only made where it is saved
    assert load(path, FIELDS).iteration == 6
    saver.save(checkpoint({}, 8))
    assert load(path, FIELDS).iteration == 8
    assert [at(53, 9), at(54, 10)] == [False, True]


def test_an_interval_begins_where_a_slow_saving_ends(tmp_path):
    times = iter([0.0, 10.0, 17.0, 26.0, 27.0, 28.0])  # made, due, saved, not yet, due, saved
    saver = Saver(tmp_path / "fit.json", every_seconds=10.0, clock=lambda: next(times))
    assert [saver.after_pass(small) for _ in range(3)] == [True, False, True]


def test_an_interval_of_zero_saves_after_every_pass(tmp_path):
    saver = Saver(tmp_path / "fit.json", every_seconds=0.0)
    assert all(saver.after_pass(small) for _ in range(3))
