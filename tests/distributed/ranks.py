"""Processes of one command, forked from one that has imported what they need: each as a `python -m` of its own."""

import multiprocessing
import os
import runpy
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 300  # no launch may take longer, on a machine with other things to do: a test that hangs ends
IMPORTED = [
    "formulaic",
    "gradline.cli.app",
    "gradline.descent.fit",
    "gradline.distributed.share",
    "gradline.distributed.summed_gradients",
    "gradline.model_file",
    "gradline.report.page.of_fit",
    "gradline.report.second_look",
    "gradline.report.summary",
    "pyarrow.parquet",
    "scipy.special",
    "threadpoolctl",
    "torch._dynamo",
    "torch.distributed.run",
    "typer._adapters",  # reads options
]


def environment(**more):
    """That of these tests, for processes which nobody else has started."""
    kept = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE", "MASTER_ADDR")}
    # Of torch's own words none but errors: gradline asks for that before it imports torch, which these have by then.
    return (
        kept
        | {
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            "OMP_NUM_THREADS": "1",
            "TORCH_CPP_LOG_LEVEL": "ERROR",
        }
        | more
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def run(module, arguments, cwd, more, out, err, befalls):
    """In the forked process: the module, from its first line to its last."""
    os.chdir(cwd)
    os.environ.update(more)
    for number, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the rest of the process
    sys.stderr = sys.__stderr__ = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the rest of the process
    sys.argv = [module, *arguments]
    if befalls is not None:
        befalls()
    runpy.run_module(module, run_name="__main__")


class Ranks:
    """Starts ranks and sees to it that none is left.

    Parameters
    ----------
    folder : Path
        For what they print.
    """

    def __init__(self, folder):
        self.folder, self.started, self.launchers = folder, [], []
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(IMPORTED)

    def each(self, processes, *command, cwd, befalls=None, module="gradline", **more):
        """The processes of one command, as torchrun would have started them: so that each one's end can be seen.

        `befalls` says by the rank what each of them calls before the command.
        """
        at = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
        ranks = []
        for rank in range(processes):
            where = {"RANK": str(rank), "LOCAL_WORLD_SIZE": str(processes), **at, **more}
            ranks.append(self.begin(module, *command, cwd=cwd, befalls=(befalls or {}).get(rank), **where))
        return ranks

    def begin(self, module, *arguments, cwd, befalls=None, **more):
        """One process, as `python -m module` would be."""
        told = [self.folder / f"{len(self.started)}.{name}" for name in ("out", "err")]
        given = [*map(str, arguments)]
        process = self.context.Process(target=run, args=(module, given, cwd, more, *told, befalls), daemon=True)
        process.start()
        process.told = told
        self.started.append(process)
        return process

    def torchrun(self, processes, *command, cwd):
        """torchrun itself, which starts the processes of the command, each in an interpreter of its own."""
        here = ("--standalone", "--local-addr", "127.0.0.1", "--nproc-per-node", processes)
        self.launchers.append(self.begin("torch.distributed.run", *here, "-m", *command, cwd=cwd))
        return self.launchers[-1]

    def stop(self):
        """All that are still there."""
        for process in self.launchers:
            process.terminate()  # it ends its processes then, which a kill would leave behind
            process.join(SECONDS)
        for process in self.started:
            if process.is_alive():
                process.kill()


def ended(ranks, seconds):
    """Their exit codes, stdout and stderr, once all have ended."""
    for process in ranks:
        process.join(seconds)
    return [process.exitcode for process in ranks], *(
        [process.told[which].read_text("utf-8") for process in ranks] for which in (0, 1)
    )
