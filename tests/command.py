"""The command line in a process of its own, without paying for its imports each time.

Most of a short command is imports. A server, one for each process of tests, has done them. For every command it forks a
process that takes the arguments, folder, environment and streams as they are given, and runs `python -m gradline` from
there as it always runs, to its exit code; only the interpreter is not taken down piece by piece once all that was to be
done at the exit is done: that writes on every page of what is imported, a third of the time of a short command. What is
about the start or the end itself has a fresh interpreter, `in_fresh_process`: what is imported, limits on a process,
pipes that close, who is killed when.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRELOADED = (
    "formulaic",
    "gradline.cli.app",
    "gradline.cli.exact_way",
    "gradline.descent.fit",
    "gradline.model_file",
    "gradline.report.page.of_fit",
    "gradline.report.plan",
    "gradline.report.progress",
    "gradline.report.second_look",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.fs",
    "pyarrow.parquet",
    "rich.progress",
    "scipy.special",
    "typer.rich_utils",
)
OF_TORCH = ("gradline.descent.losses.criteria", "gradline.descent.rung3_nn", "gradline.descent.steps.nn_closure")
TAKE_TORCH = {"demo", "lab", "autograd", "nn"}  # among the arguments


def gradline(*arguments, cwd=None, env=None, streams_together=False, as_script=False, first="", stdin=os.devnull):
    """`python -m gradline ...` in a process of its own: what `subprocess.run` would return.

    `stdin`: the file that is its standard input, by default an empty one. `as_script`: as `gradline`, the script that
    is installed, which shells complete. `first`: what that process runs before, as Python.
    """
    given = {"arguments": [*map(str, arguments)], "cwd": str(cwd or Path.cwd()), "env": _environment(env)}
    given |= {"as_script": as_script, "first": first}
    with open(stdin, "rb") as given_in, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        takes_torch = TAKE_TORCH & set(given["arguments"]) and "--plan" not in given["arguments"]
        server = _server(bool(takes_torch))
        status = server.run(given, given_in, stdout, stdout if streams_together else stderr)
        for stream in (stdout, stderr):
            stream.seek(0)
        told = stdout.read().decode(), stderr.read().decode()
    return subprocess.CompletedProcess(["gradline", *given["arguments"]], os.waitstatus_to_exitcode(status), *told)


def in_fresh_process(*arguments, cwd=None, env=None, **options):
    """The same in an interpreter that starts with it; further options are those of `subprocess.run`."""
    command = [sys.executable, "-m", "gradline", *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "check": False} | options
    return subprocess.run(command, cwd=cwd, env=_environment(env), **options)


def _environment(more):
    """That of the tests, in a terminal of 100 columns without colours, and what is asked for."""
    return {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **(more or {})}


class _Server:
    """The process that forks; it ends when this one does, as its socket closes then."""

    def __init__(self, with_torch):
        self._socket, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno()), *["torch"] * with_torch]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self._answers = self._socket.makefile("r")

    def run(self, given, *streams):
        """Start a command on these streams, and wait for it; how it ended, as `os.waitpid` says it."""
        socket.send_fds(self._socket, [b"\n"], [stream.fileno() for stream in streams])
        self._socket.sendall(f"{json.dumps(given)}\n".encode())
        status = self._answers.readline()
        assert status, "the server of commands has ended"
        return int(status)

    def close(self):
        self._answers.close()
        self._socket.close()
        self._process.wait()


@functools.cache
def _server(with_torch):
    server = _Server(with_torch)
    atexit.register(server.close)
    return server


def _preload(with_torch):
    """Import what commands would, and begin no threads, as these do not survive a fork."""
    for module in (*PRELOADED, *(OF_TORCH if with_torch else ())):
        with contextlib.suppress(ModuleNotFoundError):  # an extra that is not installed
            importlib.import_module(module)
    import typer.main

    command = typer.main.get_command(sys.modules["gradline.cli.app"].app)
    # Imports what reads options, and runs nothing.
    command.commands["fit"].make_context("fit", ["t.csv", "--target", "y"])
    if "torch" in sys.modules:
        import torch

        torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))])  # imports as much again as PyTorch itself
    gc.collect()
    gc.freeze()  # the end of a fork need not look at all this


def _serve(connection):
    """Fork for every command; returns what was given in the process that is to run it."""
    lines = connection.makefile("r")
    while True:
        _, streams, *_ = socket.recv_fds(connection, 1, 3)
        if not streams:
            os._exit(0)
        given = json.loads(lines.readline())
        command = os.fork()
        if command == 0:
            lines.close()
            connection.close()
            _become(given, streams)
            return given
        for stream in streams:
            os.close(stream)
        connection.sendall(f"{os.waitpid(command, 0)[1]}\n".encode())


def _become(given, streams):
    """A process as if it had been started so."""
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    for place, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        new = open(place, old.mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115 - the process's
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    os.environ.clear()
    os.environ.update(given["env"])
    os.chdir(given["cwd"])
    sys.path[0] = given["cwd"]
    sys.argv[1:] = given["arguments"]
    signal.signal(signal.SIGINT, signal.default_int_handler)


status = None  # of a command that has ended as it wanted


def _leave():
    """The last to be called at an exit, after threads are done and all others were called."""
    if status is not None:
        with contextlib.suppress(OSError, ValueError):  # of streams that take no more the interpreter is to tell
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


if __name__ == "__main__":
    atexit.register(_leave)  # the first here, so the last then
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    _preload(with_torch="torch" in sys.argv[2:])
    warnings.simplefilter("ignore")
    given = _serve(socket.socket(fileno=int(sys.argv[1])))
    warnings.resetwarnings()
    exec(given["first"], {})
    try:
        if given["as_script"]:
            sys.argv[0] = "gradline"
            sys.modules["gradline.cli"].main()
        else:
            runpy.run_module("gradline", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            status = (end.code or 0) & 0xFF
        raise
