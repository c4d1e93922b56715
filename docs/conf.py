"""Sphinx's settings for the site; docs/site/build.py, which `make site` runs, lays out what it reads."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))

from sources import PROJECT, REPOSITORY, STAGE

project = PROJECT["name"]
author = PROJECT["authors"][0]["name"]
version = release = PROJECT["version"]
copyright = f"{author}; the code under the MIT licence, the weights for research and teaching"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "chapters_on_site"]
root_doc = "index"
exclude_patterns = ["_static"]
# headings of a notebook may skip a level; anchors are held by tests/site, as MyST doesn't see those in HTML
suppress_warnings = ["myst.header", "myst.xref_missing", "misc.highlighting_failure"]

# notebooks: as they were committed
nb_execution_mode = "off"
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "image/jpeg", 5), ("html", "image/png", 5)]
myst_enable_extensions = ["dollarmath", "colon_fence", "html_image", "attrs_inline"]
myst_heading_anchors = 6
math_number_all = False

# the reference: parameters as lists
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_preprocess_types = False
default_role = "code"

html_theme = "furo"
html_title = "mtcnn_lite"
html_baseurl = PROJECT["urls"]["Documentation"]
html_static_path = [str(STAGE / "_static")]
html_favicon = "site/favicon.svg"  # without one, browsers ask for /favicon.ico
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "katex"
html_permalinks_icon = "#"
html_theme_options = {"source_repository": REPOSITORY, "top_of_page_buttons": []}
