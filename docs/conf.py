"""How the documentation is built: ``make docs``."""

import logging
import sys
from pathlib import Path

import plurel_prob

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

for name in ("jax", "arviz", "matplotlib"):  # Sphinx would print what they note on the way
    logging.getLogger(name).setLevel(logging.WARNING)

project, author, copyright = "PluRel-Prob", "The PluRel-Prob authors", "2026, the PluRel-Prob authors"
version = release = plurel_prob.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "commands",
    "llms",
    "mathml",
    "priors",
    "tutorials",
    "twins",
]
exclude_patterns = ["build", "tutorials/*", "gallery/sg_execution_times.rst", "sg_execution_times.rst"]

html_theme = "furo"  # light and dark, for phones too, and nothing from the network
html_title = "PluRel-Prob"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_math_renderer = "mathml"
html_copy_source = html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nitpicky = False
suppress_warnings = ["config.cache"]

autodoc_typehints = "none"  # docstrings say what arguments are, shapes included
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False

copybutton_exclude = ".linenos, .gp, .go"
sphinx_gallery_conf = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "default_thumb_file": str(Path(__file__).parent / "pictures" / "schema.svg"),
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 10**6,
}
