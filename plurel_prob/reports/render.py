"""Pages from templates: everything that is put into them is escaped, and no script but their own runs."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from plurel_prob import __version__
from plurel_prob.reports.charts import percent
from plurel_prob.reports.palette import picture_css, scheme_css
from plurel_prob.reports.svg import clean


@cache
def environment() -> Environment:
    """Templates of this package."""
    loader = PackageLoader("plurel_prob.reports")
    result = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    result.filters["percent"] = lambda share: percent(share, 1)
    result.finalize = lambda value: value if isinstance(value, Markup) else clean(value)
    return result


def _own(name: str) -> str:
    return (files("plurel_prob.reports") / "templates" / name).read_text(encoding="utf-8")


def render(template: str, **values: Any) -> str:
    """Return a page. Its content security policy allows no requests, and only the script with this hash."""
    script = _own("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        environment()
        .get_template(template)
        .render(
            css=Markup(scheme_css() + picture_css() + _own("page.css")),
            script=Markup(script),
            policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:",
            version=__version__,
            **values,
        )
    )
