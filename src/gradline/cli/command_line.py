"""The command line as it was given, for a page that says how it was made."""

from __future__ import annotations

import shlex

import typer

from gradline.data.readers.credentials import shown_path


def as_argument(path: str) -> str:
    """A path which no command takes for an option; standard input is as it is.

    Examples
    --------
    >>> as_argument("-t.csv"), as_argument("t.csv"), as_argument("-")
    ('./-t.csv', 't.csv', '-')
    """
    return f"./{path}" if path.startswith("-") and path != "-" else path


def command_of(ctx: typer.Context) -> str:
    """The command line as it was given, without credentials.

    Options that were not given are left out: another version of gradline may have other defaults.
    """
    words = ["gradline", ctx.info_name or ""]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        given = ctx.get_parameter_source(name)
        if given is None or given.name != "COMMANDLINE":
            continue
        value = ctx.params[name]
        if parameter.param_type_name == "argument":
            words.insert(2, as_argument(shown_path(str(value))))
        elif isinstance(value, bool):
            words.append(parameter.opts[0] if value else (parameter.secondary_opts or parameter.opts)[0])
        else:
            for each in value if isinstance(value, list | tuple) else [value]:
                words += [parameter.opts[0], shown_path(str(each))]
    return shlex.join(words)
