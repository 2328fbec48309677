"""The command reference, from the commands themselves: what `--help` says, and an anchor for every option."""

import re
from collections.abc import Iterator

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer.main import get_command

from gradline.cli.app import app as command_line


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the directive `commands`, which has neither arguments nor content."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Commands(SphinxDirective):
    """Every command of `gradline`: its help, its arguments, its options."""

    def run(self) -> list[nodes.Node]:
        """Written as Markdown, and read as if it stood on the page."""
        parent = nodes.section()
        text = StringList(list(reference()), source="gradline --help")
        self.state.nested_parse(text, self.content_offset, parent, match_titles=True)
        return parent.children


def reference() -> Iterator[str]:
    """The lines, in Markdown."""
    group = get_command(command_line)
    with group.make_context("gradline", [], resilient_parsing=True) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            with command.make_context(f"gradline {name}", [], parent=context, resilient_parsing=True) as inner:
                what, _, example = (command.help or "").partition("Example: ")
                usage = " ".join([f"gradline {name}", *command.collect_usage_pieces(inner)])
                yield from ("", f"## gradline {name}", "", _plain(what), "```text", usage, *example.splitlines(), "```")
                yield from (f"```{{program}} gradline {name}", "```")
                for parameter in command.get_params(inner):
                    if record := parameter.get_help_record(inner):
                        kind = "option" if parameter.param_type_name == "option" else "describe"
                        yield from (f"```{{{kind}}} {_kinds(record[0])}", _plain(record[1]), "```")


def _plain(words: str) -> str:
    """Words that Markdown leaves as they are."""
    return re.sub(r"([\\`*_<>\[\]$])", r"\\\1", words)


def _kinds(option: str) -> str:
    """`<int range>` is an int, of `<list[str]>` each is a str."""
    return re.sub(r"<list\[(\w+)\]>|<(\w+) range>", r"<\1\2>", option)
