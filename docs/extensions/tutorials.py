"""Links to tutorials: in sources to Python files, which a reader of the repository can open; on the site to their pages."""

import re
from typing import Any

from sphinx.application import Sphinx


def lead_to_pages(_: Sphinx, __: str, source: list[str]) -> None:
    """Turn the links of a page."""
    source[0] = re.sub(r"\]\(((?:\.\./)*)tutorials/(\w+)\.py\)", r"](\1gallery/\2)", source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Do so when pages are read."""
    app.connect("source-read", lead_to_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
