"""A command as one of several processes that torchrun started: the first one tells, all of them end alike."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import typer

from gradline.cli.telling import CUT_OFF, INTERRUPTED, in_words, tell, tell_interrupted, unwritten
from gradline.distributed.ending import LostError
from gradline.distributed.place import Place
from gradline.errors import DataError, GradlineError

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.descent.options import Options
    from gradline.distributed.torchrun import ProcessGroup
    from gradline.report.plan import Spread

OTHERS_SECONDS = 2.0  # for whoever broke the sum to say why
SUMMARY_SECONDS = 20.0  # for the first process to show what there is, after Ctrl-C
SHARED = "fit"  # the command whose rows the processes share

_group: ProcessGroup | None = None


def place() -> Place | None:
    """Where this process stands among several; None where it is alone."""
    found = Place.of_environment()
    return found if found is not None and found.size > 1 else None


def is_first() -> bool:
    """Whether this process is the one that writes."""
    return _group is None or _group.first


def run_together(at: Place, command: Callable[[], None]) -> NoReturn:
    """Run a command in this one of several processes, and end as all of them do.

    Only the first process writes: to stdout, to stderr, to files. An error in any of them is told by the first, and
    ends all with its code; a bug shows its traceback where it was met. A command that shares no rows is the first one's
    alone.
    """
    global _group
    from gradline.distributed.torchrun import ProcessGroup

    if at.rank > 0:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of the process
    _group = ProcessGroup(at, tell)
    ending = _group.ending
    # All are interrupted together, as a rule, and the first one tells; of another one alone it learns here.
    patience, alone = (0.0, "") if at.rank == 0 else (SUMMARY_SECONDS, _interrupted(at))
    try:
        code = _code_of(command) if at.rank == 0 or sys.argv[1:2] == [SHARED] else 0
        if code == INTERRUPTED:
            tell_interrupted()
        if code:
            ending.end(code, alone if code == INTERRUPTED else "", patience=patience)
        _group.finish()
    except LostError as error:
        ending.end(1, in_words(error), patience=OTHERS_SECONDS)
    except GradlineError as error:
        ending.end(1, in_words(error))
    except KeyboardInterrupt:
        tell_interrupted()
        ending.end(INTERRUPTED, alone, patience=patience)
    except BaseException as error:
        if isinstance(error, OSError) and at.rank == 0:  # of the others nothing goes to stdout
            ending.end(1, unwritten(error))
        print(traceback.format_exc(), file=sys.__stderr__)
        ending.end(1, f"error: process {at.rank} of {at.size} broke: {type(error).__name__}: {error}")
    os._exit(0)  # what torch keeps for its processes would be taken down in any order


def _interrupted(at: Place) -> str:
    return f"error: process {at.rank} of {at.size} was interrupted, and the others cannot go on without it"


def _code_of(command: Callable[[], None]) -> int:
    try:
        try:
            command()
        finally:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
    except BrokenPipeError:
        return CUT_OFF
    except SystemExit as done:
        if isinstance(done.__context__, BrokenPipeError):
            return CUT_OFF
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def refuse_stream(source: str) -> None:
    """Standard input has one end, and which process holds it, torchrun decides."""
    if _group is not None and source == "-":
        raise DataError(
            f"standard input cannot be shared by {_group.size} processes", hint="write the rows to Parquet files"
        )


def shared(table: Source, *, dask: str | None) -> Source:
    """The part of a table that this process reads; all of it, where there is no other."""
    if _group is None:
        return table
    from gradline.data.table_source import TableSource
    from gradline.distributed.share import Share

    if dask is not None:
        raise typer.BadParameter(
            f"{_group.size} processes of torchrun share the rows already: leave it out, or start one process",
            param_hint="--dask",
        )
    assert isinstance(table, TableSource)
    return Share(table, _group)


def planned(table: Source) -> tuple[Source, Spread]:
    """What a plan needs to know of a table: all of its rows, and how they are spread over the processes."""
    from gradline.report.plan import ALL_HERE, Spread

    if _group is None:
        return table, ALL_HERE
    from gradline.distributed.share import Share

    assert isinstance(table, Share)
    return table.alone(), Spread(_group.size, len(table.parts), table.most_parts)


def check(options: Options, table: Source) -> None:
    """Refuse what several processes cannot do together; see `gradline.distributed.share.check_options`."""
    if _group is not None:
        from gradline.distributed.share import Share, check_options

        assert isinstance(table, Share)
        check_options(options, table, _group.size)
        _group.take_gpu(options.device)
