"""The directive ``prior-fields``: a table of the fields of priors, from the classes themselves."""

from dataclasses import fields, is_dataclass
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from numpyro.distributions import Distribution
from sphinx.application import Sphinx

from plurel_prob import priors
from plurel_prob.priors.prior import record

HEADINGS = ("field", "default", "meaning")


class PriorFields(Directive):
    """A row for each field of a class of priors: its name in a prior file, its default, what it means."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        part = getattr(priors, self.arguments[0])()
        table, group = nodes.table(), nodes.tgroup(cols=len(HEADINGS))
        group += [nodes.colspec(colwidth=width) for width in (20, 30, 50)]
        head, body = nodes.thead(), nodes.tbody()
        head += _row([nodes.paragraph(text=text) for text in HEADINGS])
        for field in fields(part):
            value = getattr(part, field.name)
            if not is_dataclass(value) or isinstance(value, Distribution):
                meaning = field.metadata.get("doc", "")
                cells = [nodes.literal(text=field.name), nodes.literal(text=_short(value)), nodes.Text(meaning)]
                body += _row([nodes.paragraph("", "", cell) for cell in cells])
        group += [head, body]
        table += group
        return [table]


def _row(cells: list[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += cell
        row += entry
    return row


def _short(value: Any) -> str:
    """A value as a prior file has it."""
    found = record(value)
    if not isinstance(found, dict):
        return str(found).lower() if isinstance(found, bool) else str(found)
    [(name, arguments)] = found.items()
    return f"{name}({', '.join(f'{key}={_number(argument)}' for key, argument in arguments.items())})"


def _number(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("prior-fields", PriorFields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
