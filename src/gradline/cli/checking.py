"""What `gradline check` does and tells; how its options are read, and its help, are in lessons.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gradline.cli.telling import escape_what_stdout_lacks, told
from gradline.lessons.checker.check import Checked, check, leave
from gradline.lessons.practice.exercises import recognised


def check_and_tell(file: str, arguments: Sequence[str]) -> None:
    """Run a script with its arguments, tell what was seen, and end as it did."""
    checked = check(file, arguments)
    escape_what_stdout_lacks()  # only now: the script's own output fails where python's would
    if not checked.child:
        print("\n" + checked.told() + _verdict(checked), flush=True)
    code = leave(checked)
    told.append("")  # the script has had its say: an exit code of its own, even 130, needs no word from us
    if code:
        sys.exit(code)


def _verdict(checked: Checked) -> str:
    if recognised(checked.script.source) is None:
        return ""
    from gradline.lessons.practice.verdict import verdict

    said = verdict(checked)
    return said and f"\n{said}"
