"""The directive ``command-help``: a section for each command, with what its ``--help`` prints."""

import io
from collections.abc import Iterator
from typing import Any

from cyclopts import App
from docutils import nodes
from docutils.parsers.rst import Directive
from rich.console import Console
from sphinx.application import Sphinx

from plurel_prob.cli.app import app as command_line

WIDTH = 100  # characters


class CommandHelp(Directive):
    """The help of all commands."""

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        return [_section(self, name) for name in commands(command_line)]


def commands(of: App, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Names of all commands, those of groups of commands after the group."""
    for name in of:
        if not name.startswith("-"):
            yield (*before, name)
            if of[name].default_command is None:
                yield from commands(of[name], (*before, name))


def _section(directive: Directive, name: tuple[str, ...]) -> nodes.section:
    out = io.StringIO()
    command_line.help_print([*name], console=Console(file=out, width=WIDTH, color_system=None))
    text = "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())
    title = " ".join(name)
    section = nodes.section(ids=["-".join(name)], names=[title])
    section += nodes.title(text=title)
    section += nodes.literal_block(text, text, language="text")
    directive.state.document.note_implicit_target(section)
    return section


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
