"""The user guide: `make docs` builds it into build/docs, strictly: any warning, any reference to nothing, ends it."""

import sys
from pathlib import Path

from gradline import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "gradline"
author = "The gradline authors"
version = release = __version__
html_title = f"gradline {__version__}"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "commands",
    "console",
    "mathml",
]
nitpicky = True
smartquotes = False  # `--option` has two dashes
exclude_patterns = ["_extensions"]

# Pages are Markdown that reads well where it is not built, too: formulas between dollars, links to headings.
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

# A docstring says its types in words (shapes, ranges), which are no references; `x` in it is code.
default_role = "literal"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {  # what scikit-learn adds for its metadata routing
    "exclude-members": "set_fit_request, set_partial_fit_request, set_forget_request, set_score_request"
}
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["guide.css"]
html_favicon = html_logo = "_static/logo.svg"
html_copy_source = False
html_show_sphinx = html_show_copyright = False
html_math_renderer = "mathml"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0370ac",
        "color-brand-content": "#0370ac",
        "color-brand-visited": "#0370ac",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6cb4ee",
        "color-brand-content": "#6cb4ee",
        "color-brand-visited": "#6cb4ee",
    },
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
