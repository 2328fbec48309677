"""Consoles in which only `$` is a prompt: Pygments takes `(Intercept)` for the name of an environment."""

import re

from pygments.lexers.shell import BashSessionLexer
from sphinx.application import Sphinx


class Console(BashSessionLexer):
    """What stands after `$ ` at the start of a line was typed; the rest was printed."""

    name, aliases = "Console", ("console",)
    url = "https://www.gnu.org/software/bash/"
    version_added = ""
    _ps1rgx = re.compile(r"^(\$ )(.*\n?)")


def setup(app: Sphinx) -> dict[str, bool]:
    """Take the place of the lexer of that name."""
    app.add_lexer("console", Console)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
