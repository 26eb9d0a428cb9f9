"""``llms.txt``: all pages with their first sentence, for programs that read documentation; each page has a twin in Markdown."""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the list beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    lines = [f"# {app.config.project}", ""]
    for page in sorted(app.env.found_docs, key=lambda name: (name != app.config.root_doc, name)):
        tree = app.env.get_doctree(page)
        paragraphs = (node for node in tree.findall(nodes.paragraph) if isinstance(node.parent, nodes.section))
        paragraph = next(paragraphs, None)
        words = " ".join(paragraph.astext().split()) if paragraph is not None else ""
        title = app.env.titles[page].astext()
        lines.append(f"- [{title}]({page}.md): {words.partition('. ')[0].rstrip('.')}.")
    (Path(app.outdir) / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write it when pages are built."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
