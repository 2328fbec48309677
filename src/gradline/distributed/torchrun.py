"""One of several processes that torchrun started: what it tells the others, and what they tell it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from gradline.descent.engine import Engine
from gradline.distributed.ending import Ending, LostError
from gradline.distributed.place import Place
from gradline.errors import DataError, GradlineError, MissingExtraError

T = TypeVar("T")
SECONDS = 1800.0  # for which one process waits for the others in a sum, as torch does
CALLED_BACK = "Got the following error when running the callback"  # of a sum that PyTorch waits for in a thread
MEET_SECONDS = 300.0  # for all of them to have started


class ProcessGroup:
    """The processes of one fit, as `gradline.data.processes.Processes` has them; gloo on CPUs, NCCL on GPUs.

    Parameters
    ----------
    place : Place
    tell : (words) -> None
        Says on stderr, in the first process, why all of them end.

    Attributes
    ----------
    rank, size : int
        This one, from 0, of how many.
    ending : Ending
    """

    def __init__(self, place: Place, tell: Callable[[str], None]) -> None:
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # that a process is gone, we say
        try:
            import torch.distributed as dist
        except ImportError:
            raise MissingExtraError("a fit by several processes", "torch") from None
        self.rank, self.size, self._local_rank = place.rank, place.size, place.local_rank
        self._dist: Any = dist
        seconds = _seconds()
        _stay_on_loopback(place.address)
        try:
            store = _store(place)
            self.ending = Ending(_store(place, joins=True), place.rank, place.size, tell)
            dist.init_process_group(
                _backend(),
                store=store,
                rank=place.rank,
                world_size=place.size,
                timeout=timedelta(seconds=seconds),
            )
        except (RuntimeError, OSError) as error:
            raise LostError(
                f"the {place.size} processes did not meet at {place.address}:{place.port}: {_first_line(error)}",
                hint="start all of them with torchrun",
            ) from None
        self.ending.watch()

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def take_gpu(self, device: str) -> None:
        """See `gradline.distributed.own_gpu`."""
        from gradline.distributed.own_gpu import take_gpu

        take_gpu(device, self._local_rank, self)

    def gathered(self, value: T) -> list[T]:
        """The value that each process has, in their order."""
        values: list[Any] = [None] * self.size
        with self.noticing():
            self._dist.all_gather_object(values, value)
        return values

    def from_first(self, make: Callable[[], T]) -> T:
        """What the first process makes."""
        made: list[Any] = [make() if self.first else None]
        with self.noticing():
            self._dist.broadcast_object_list(made, src=0)
        found: T = made[0]
        return found

    def together(self, engine: Engine) -> Engine:
        """The engine whose steps go down the gradient of all rows; one that needs no rows stays as it is.

        Raises
        ------
        DataError
            For any engine but "nn" and "moments", and an optimizer that looks at the loss as often as it likes.
        """
        from gradline.descent.from_moments import ByMoments
        from gradline.descent.steps.momentum import HeavyBall

        inner = engine.engine if isinstance(engine, HeavyBall) else engine
        if isinstance(inner, ByMoments):
            return engine
        from gradline.distributed.summed_gradients import SummedGradients

        return SummedGradients.of(engine, self)

    @contextmanager
    def noticing(self) -> Iterator[None]:
        """Around whatever waits for the others."""
        try:
            yield
        except RuntimeError as error:
            if str(error).startswith("NCCL error in") and "ncclRemoteError" not in str(error):
                raise GradlineError(
                    f"NCCL failed in process {self.rank}: {_last_error(error)}", hint="NCCL_DEBUG=INFO tells more"
                ) from None
            if not _is_of_the_others(error):
                raise
            raise LostError(
                f"another of the {self.size} processes ended, or said nothing for {_seconds():g} seconds: "
                f"{_first_line(error)}",
                hint="see what it said; a fit with --checkpoint FILE goes on where it was: run the same again",
            ) from None

    def alarm(self) -> None:
        """See `gradline.distributed.in_shares.Group`."""
        self.ending.alarm()

    def alarmed(self) -> bool:
        """See `gradline.distributed.in_shares.Group`."""
        return self.ending.alarmed()

    def finish(self) -> None:
        """Wait until the work of all is done: whoever fails until then, all end with its code."""
        self.gathered(None)
        self.ending.rest()


def _store(place: Place, *, joins: bool = False) -> Any:
    """Where the processes leave words for each other: torchrun's own, or one that the first process opens."""
    import torch.distributed as dist

    hosts = place.rank == 0 and not joins and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    connect: Any = dist  # untyped
    store = connect.TCPStore(
        place.address,
        place.port,
        is_master=hosts,
        timeout=timedelta(seconds=MEET_SECONDS),
        wait_for_workers=False,
    )
    # torchrun keeps its store where it starts the processes again.
    return connect.PrefixStore(f"gradline-{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)


def _backend() -> str:
    """What is told of Python's objects, and sums on the CPU, go by gloo; sums of tensors on a GPU by NCCL."""
    import torch
    import torch.distributed as dist

    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"


def _stay_on_loopback(address: str) -> None:
    """Processes that meet on the loopback device are all on this machine: gloo and NCCL need no other one."""
    loopback = [name for _, name in socket.if_nameindex() if name in ("lo", "lo0")]
    if address in ("localhost", "127.0.0.1", "::1") and loopback:
        for library in ("GLOO", "NCCL"):
            os.environ.setdefault(f"{library}_SOCKET_IFNAME", loopback[0])


def _is_of_the_others(error: RuntimeError) -> bool:
    words = ("gloo", "nccl", "connection", "timed out", "timeout", "socket", "peer")
    told = str(error).lower()
    return "cuda error" not in told and any(word in told for word in words)


def _last_error(error: RuntimeError) -> str:
    """What NCCL says itself, behind PyTorch's account of which call it was."""
    return str(error).rpartition("Last error:")[2].strip().partition("\n")[0]


def _first_line(error: BaseException) -> str:
    """What it says first, without where in the sources of PyTorch or gloo, and what is said of every such error."""
    pieces = re.split(rf"{CALLED_BACK}|This is typically|\[/[^\]]*\]|\b\w+Error: |\n", str(error))
    return next((told for piece in pieces if (told := piece.strip(" .,;:"))), type(error).__name__)


def _seconds() -> float:
    text = os.environ.get("GRADLINE_TIMEOUT", "")
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e9:
        raise DataError(f"GRADLINE_TIMEOUT is {text!r}, expected seconds above 0")
    return seconds
