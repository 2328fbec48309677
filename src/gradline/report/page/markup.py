"""HTML from words: escaped here, once; and names and numbers as the page writes them."""

from __future__ import annotations

import math
import re

from gradline.data.visible import escaped
from gradline.report.figures import MINUS, short
from gradline.report.formats.hypertext import as_attributes
from gradline.report.one_line import one_line, shortened

OPTION = re.compile(r"--[a-z]+(?:-[a-z]+)*(?: \w[\w-]*(?:\.\w[\w-]*)*)?")  # a word after it is its value
TIMES, NO_NUMBER = "\u00d7", "\u2013"


def tag(name: str, *inside: str, **attributes: str) -> str:
    """One element; what is inside is markup already, attributes are escaped here (`class_` is class, `a_b` is a-b).

    Examples
    --------
    >>> tag("p", "1 &lt; 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    return f"<{name}{as_attributes(attributes)}>{''.join(inside)}</{name}>"


def with_options(text: str) -> str:
    """Text as markup, in which options of the command line are not broken over lines.

    Examples
    --------
    >>> with_options("Use HC3 errors (--covariance HC3), or <b>.")
    'Use HC3 errors (<code>--covariance HC3</code>), or &lt;b&gt;.'
    >>> with_options("Come nearer: --tol 0.01. All have --json.")
    'Come nearer: <code>--tol 0.01</code>. All have <code>--json</code>.'
    """
    return OPTION.sub(lambda option: tag("code", option[0]), escaped(text))


def paragraphs(*sentences: str, class_: str = "") -> str:
    """Each text a paragraph; empty ones are left out."""
    attributes = {"class_": class_} if class_ else {}
    return "\n".join(tag("p", with_options(sentence), **attributes) for sentence in sentences if sentence)


def named(name: str, element: str = "span", **attributes: str) -> str:
    """A column's name as markup, the whole of it in the title where it is shortened."""
    shown = shortened(name)
    if shown != one_line(name):
        attributes["title"] = one_line(name)[:300]
    return tag(element, escaped(shown), **attributes)


def figure(value: float, digits: int = 4) -> str:
    r"""A number as the page writes it: so many significant digits, a true minus sign, a dash where there is none.

    Examples
    --------
    >>> figure(-0.012345), figure(1234567.0), figure(12345.6, 6), figure(float("nan"))
    ('\u22120.01235', '1,235,000', '12,345.6', '\u2013')
    """
    if not math.isfinite(value):
        return NO_NUMBER if math.isnan(value) else ("\u221e" if value > 0 else f"{MINUS}\u221e")
    text = short(value, digits).replace("-", MINUS)
    whole, point, decimals = text.lstrip(MINUS).partition(".")
    if whole.isdigit() and len(whole) > 4 and "e" not in decimals:
        text = (MINUS if value < 0 else "") + f"{int(whole):,}{point}{decimals}"
    return text


def folded(title: str, *inside: str, **attributes: str) -> str:
    """Shown on demand, without a script."""
    return tag("details", tag("summary", escaped(title)), *inside, **attributes)
