"""What befalls one of several processes in the middle of a fit: called in it, before the command."""

import errno
import os
import signal
from functools import partial
from pathlib import Path


def at_part(number, mishap):
    """When it opens its part of that number, from 1, counted over all passes."""
    return partial(_at_part, number, mishap)


def _at_part(number, mishap):
    from gradline.data import part as module

    opened, as_source = [], module.part_of

    def part_of(whole, part):
        opened.append(part)
        if len(opened) == number:
            mishap()
        return as_source(whole, part)

    module.part_of = part_of  # share.py has another reference, for rows that are not summed


def once_kept(parts, mishap):
    """When the sums of so many parts are on the disk."""
    return partial(_once_kept, parts, mishap)


def _once_kept(parts, mishap):
    from gradline.moments.keeping_parts import PartsKeeper

    after_parts = PartsKeeper.after_parts

    def then(self, done, whole, *, last):
        after_parts(self, done, whole, last=last)
        if done == parts:
            mishap()

    PartsKeeper.after_parts = then


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def stopped():
    os.kill(os.getpid(), signal.SIGSTOP)


def impatient():
    """From the beginning on, with a store that does not answer."""
    from gradline.distributed import ending

    ending.STORE_SECONDS = 1.0


def soon_believed_to_be_alone():
    """From the beginning on, when it is interrupted."""
    from gradline.cli import processes

    processes.SUMMARY_SECONDS = 0.5


def interrupted():
    raise KeyboardInterrupt


def written_again():
    """The table is, with other numbers."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table("t.parquet")
    place = table.column_names.index("y")
    pq.write_table(table.set_column(place, "y", pc.add(table["y"], 1.0)), "new.parquet", row_group_size=150)
    os.utime("new.parquet", ns=(0, 0))  # by its time too, however fast this was
    Path("new.parquet").rename("t.parquet")


def no_room_for_stdout():
    """From the beginning on."""
    import sys

    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the rest of the process


def nobody_reads_stdout():
    """From the beginning on."""
    import sys

    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the rest of the process


def disk_full():
    """From the beginning on, for pages."""
    _at_the_page(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def interrupted_at_the_page():
    """When it is written."""
    _at_the_page(KeyboardInterrupt())


def _at_the_page(error):
    from gradline.report import page_file

    def replacing(path):
        raise error

    page_file.replacing = replacing
