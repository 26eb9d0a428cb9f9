"""Twins of pages in Markdown: what their builder does not know of Sphinx-Gallery's figures and of signatures."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def _figure(translator: Any, node: nodes.Element) -> None:
    translator.add(f"\n\n![{node['alt']}](../_images/{node['uri'].rpartition('/')[2]})\n\n")
    raise nodes.SkipNode


def _abbreviation(translator: Any, node: nodes.Element) -> None:
    translator.add(node.astext())
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both for the builder ``markdown``."""
    handlers = app.registry.translation_handlers.setdefault("markdown", {})
    handlers |= {"imgsgnode": (_figure, None), "abbreviation": (_abbreviation, None)}
    return {"parallel_read_safe": True, "parallel_write_safe": True}
