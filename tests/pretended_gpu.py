"""A GPU that is not there, for tests of what only a GPU does: tensors in the CPU's memory that behave as CUDA's.

- They live apart: what takes tensors of both sides is an error, and NumPy cannot read those of the GPU.
- A copy that nobody waits for (`non_blocking`, from page-locked memory, on a stream of its own) happens as late as it
  may: until a stream or the program waits, the numbers are NaN; then they are what the source holds by that time. So a
  missing wait, and a buffer that was written again too early, both give wrong numbers.
- Memory of one stream that another reads, and was not told of (`record_stream`), is an error.
- It draws random numbers from a generator of its own, and may be made to multiply as narrower hardware would.

It computes as the CPU does. So it shows where numbers are, and when; not that a real GPU rounds as it should, how fast
it is, or that PyTorch's kernels for it exist: that is for the tests that run where there is a GPU.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import torch
from torch.overrides import TorchFunctionMode

DEVICE = torch.device("cuda", 0)
READ_BACK = {"item", "tolist", "__bool__", "__float__", "__int__", "__index__"}
PRODUCTS = {"matmul", "mm", "bmm", "__matmul__", "dot", "mv"}
KEPT = {"shape", "dtype", "requires_grad", "is_leaf", "grad_fn", "layout", "is_sparse", "ndim", "is_cuda", "device"}


class There(torch.Tensor):
    """A tensor of the GPU."""

    __module__ = "torch"  # whose tensors have no type of their own for a device


class Stream:
    """What was asked of it and is not yet done; the current one of the program has always done all."""

    def __init__(self, device=None, priority=0):
        self.waiting = []

    def synchronize(self):
        """The program waits for all that was asked."""
        while self.waiting:
            self.waiting.pop(0)()

    def wait_stream(self, other):
        """What is asked of this one from now on comes after all that was asked of the other."""
        other.synchronize()


class PretendedGPU(TorchFunctionMode):
    """While entered, "cuda" is this device.

    Attributes
    ----------
    multiplies : (a, b) -> Tensor, or None
        In place of the products of the CPU.
    most_numbers, most_page_locked : float
        Of a tensor that there is memory for, on the device and in page-locked memory.
    brought, read_back : list of int
        Numbers in each tensor that was copied to the device, and from it.
    asked : list
        Calls of `torch.cuda.set_device`.
    """

    def __init__(self, devices=1):
        super().__init__()
        self.devices, self.multiplies = devices, None
        self.most_numbers = self.most_page_locked = float("inf")
        self.brought, self.read_back, self.asked = [], [], []
        self.current = self.default = Stream()
        self.random = torch.Generator().manual_seed(0).get_state()
        self._pinned, self._made_by = {}, {}  # storages are kept, so that no other can have their address

    def cuda(self):
        """Names of `torch.cuda`, and what stands in for them."""
        return {
            "is_available": lambda: True,
            "is_initialized": lambda: True,
            "device_count": lambda: self.devices,
            "current_device": lambda: 0,
            "set_device": self.asked.append,
            "device": lambda device: nullcontext(),
            "Stream": Stream,
            "stream": self._on,
            "get_device_properties": lambda device: SimpleNamespace(uuid=f"GPU-{device}"),
            "current_stream": lambda device=None: self.current,
            "synchronize": lambda device=None: None,
            "get_device_name": lambda device=None: "a GPU that is not there",
            "mem_get_info": lambda device=None: (8 * 10**9, 10**10),
            "get_rng_state": lambda device=None: self.random,
            "set_rng_state": lambda state, device=None: setattr(self, "random", state),
            "manual_seed": self._seed,
            "manual_seed_all": self._seed,
        }

    def _seed(self, seed):
        self.random = torch.Generator().manual_seed(seed).get_state()

    @contextmanager
    def _on(self, stream):
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = getattr(function, "__name__", "")
        if name == "__get__":
            return self._attribute(function, args)
        if name in ("to", "cpu", "cuda", "numpy", "__array__", "copy_"):
            return getattr(self, f"_{name.strip('_')}")(function, *args, **kwargs)
        if name in ("_parse_to", "_has_compatible_shallow_copy_type"):
            return function(*args, **kwargs)
        if "device" in kwargs:
            there = torch.device(kwargs["device"] or "cpu").type == "cuda"
            kwargs["device"] = "cpu"
            if there:
                return self._made(function, args, kwargs)
        if kwargs.pop("pin_memory", False):
            made = function(*args, **kwargs)
            if made.numel() > self.most_page_locked:
                raise RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be ...")
            self._pinned[address(made)] = made
            return made
        return self._computed(name, function, args, kwargs)

    def _made(self, function, args, kwargs):
        wants = kwargs.pop("requires_grad", False)
        with self._drawing():
            made = there(function(*args, **kwargs))
        self._room_for(made)
        return made.requires_grad_() if wants else made

    def _computed(self, name, function, args, kwargs):
        tensors = list(tensors_of((args, kwargs)))
        if not any(isinstance(tensor, There) for tensor in tensors):
            return function(*args, **kwargs)
        indexed = name in ("__getitem__", "__setitem__") and isinstance(args[0], There)
        if not indexed and any(not isinstance(tensor, There) and tensor.dim() for tensor in tensors):
            raise RuntimeError(f"{name}: Expected all tensors to be on the same device, but found cuda:0 and cpu")
        assert self.current is self.default, f"{name}: this GPU knows only copies on a stream of their own"
        for tensor in tensors:
            self._may_be_read(tensor, name)
        if name in READ_BACK:
            self.read_back.append(args[0].numel())
        if self.multiplies and name in PRODUCTS:
            function = self.multiplies
        with self._drawing(), torch._C.DisableTorchFunctionSubclass():
            return there(function(*args, **kwargs), args)

    def _attribute(self, function, args):
        kind = function.__self__.__name__
        if isinstance(args[0], There) and kind in ("device", "is_cuda"):
            return DEVICE if kind == "device" else True
        with torch._C.DisableTorchFunctionSubclass():
            found = function(*args)
        return there(found) if isinstance(args[0], There) and kind not in KEPT else found

    def _to(self, function, tensor, *args, non_blocking=False, **kwargs):
        devices = [a for a in (*args, kwargs.get("device")) if isinstance(a, str | torch.device)]
        rest = [a for a in args if not isinstance(a, str | torch.device)]
        kwargs.pop("device", None)
        here = "cuda" if isinstance(tensor, There) else "cpu"
        target = torch.device(devices[0]).type if devices else here
        if isinstance(tensor, There):
            self._may_be_read(tensor, "to")
        with torch._C.DisableTorchFunctionSubclass():
            cast = function(tensor, *rest, **kwargs) if rest or kwargs else tensor
            if isinstance(tensor, There):
                if target == "cuda":
                    return there(cast, (tensor,))
                assert not non_blocking, "to the CPU without waiting: nobody may read it yet"
                self.read_back.append(tensor.numel())
                return cast.as_subclass(torch.Tensor).clone()
            if target != "cuda":
                return cast
            self._room_for(cast)
            self.brought.append(cast.numel())
            if not non_blocking or address(cast) not in self._pinned:
                return there(cast.clone())
            moved = there(torch.full_like(cast, float("nan")))
        self._made_by[address(moved)] = moved, self.current, {self.current}
        self.current.waiting.append(lambda: moved.as_subclass(torch.Tensor).copy_(cast))
        if self.current is self.default:
            self.current.synchronize()
        return moved

    def _cpu(self, function, tensor):
        return self._to(torch.Tensor.to, tensor, "cpu")

    def _cuda(self, function, tensor):
        return self._to(torch.Tensor.to, tensor, "cuda")

    def _numpy(self, function, tensor, *args, force=False, **kwargs):
        if isinstance(tensor, There) and not force:
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()")
        return function(self._cpu(function, tensor) if isinstance(tensor, There) else tensor, *args, **kwargs)

    _array = _numpy

    def _copy(self, function, tensor, source, **kwargs):
        if isinstance(tensor, There) != isinstance(source, There):
            (self.brought if isinstance(tensor, There) else self.read_back).append(source.numel())
        with torch._C.DisableTorchFunctionSubclass():
            function(tensor, source, **kwargs)
        return tensor

    def record_stream(self, tensor, stream):
        """In place of the method of tensors, which takes no other stream than CUDA's."""
        if (made := self._made_by.get(address(tensor))) is not None:
            made[2].add(stream)

    def _may_be_read(self, tensor, name):
        if isinstance(tensor, There):
            _, _, known = self._made_by.get(address(tensor), (None, None, {self.current}))
            assert self.current in known, f"{name}: memory of another stream, which was not told (record_stream)"

    def _room_for(self, tensor):
        if tensor.numel() > self.most_numbers:
            raise torch.cuda.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {tensor.nbytes} bytes.\nSee ...")

    @contextmanager
    def _drawing(self):
        before = torch.get_rng_state()
        torch.set_rng_state(self.random)
        yield
        self.random = torch.get_rng_state()
        torch.set_rng_state(before)


def there(value, args=()):
    """As tensors of the GPU; what was changed in place stays what it was."""
    if isinstance(value, torch.Tensor):
        return value if any(value is arg for arg in args) else value.as_subclass(There)
    return type(value)(map(there, value)) if type(value) in (tuple, list) else value


def address(tensor):
    """Of the memory that a tensor is a view of."""
    with torch._C.DisableTorchFunction():
        return tensor.untyped_storage().data_ptr()


def tensors_of(value):
    """All tensors in nested arguments."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors_of(part)
    elif isinstance(value, dict):
        yield from tensors_of([*value.values()])


@contextmanager
def pretended_gpu(patch, trusted):
    """While entered there is one; if it is not trusted, it is tested anew, at a small size.

    `patch` is the test's own monkeypatch: what the two change of one name is undone in turn.
    """
    from gradline.moments.device import arithmetic, transfer

    pretended = PretendedGPU()
    for name, stands_in in pretended.cuda().items():
        patch.setattr(torch.cuda, name, stands_in)
    patch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: pretended.record_stream(tensor, stream))
    patch.setattr(arithmetic, "BLOCKS_AT_ONCE", 4)
    for name in ("is_exact", "keeps_every_bit"):  # what is found of this one is forgotten with it
        test = getattr(arithmetic, name).__wrapped__
        patch.setattr(arithmetic, name, (lambda *device: True) if trusted else functools.cache(test))
    transfer._streams.cache_clear()
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # a module moves by parameters made anew
    try:
        with pretended:
            yield pretended
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)
        transfer._streams.cache_clear()
