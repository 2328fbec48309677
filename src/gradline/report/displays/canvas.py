"""What all displays share: the lab's colours, quiet axes, and names as a font can draw them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from gradline.errors import MissingExtraError
from gradline.report.one_line import shortened

# Those of the lab's page by daylight, which every kind of colour vision tells apart; a test computes it.
PAPER, INK, SOFT, LINE = "#fcfbf9", "#1d2329", "#5b6570", "#dcdcd6"
BLUE, RED, GREEN, VIOLET = "#0370ac", "#bc4307", "#024c27", "#d150e9"
LONGEST = 28  # characters of a name


def axes(ax: Any, feature: str) -> Any:
    """`ax`, or the axes of a new figure of pyplot where it is None; MissingExtraError where there is no matplotlib."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError(feature, "plots") from None
    return plt.subplots(layout="constrained")[1]


def quiet(ax: Any) -> None:
    """Nothing but what is read: no box, a grid that stays behind, no power of ten above an axis."""
    from gradline.report.displays.axis_name import SaidInName

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(SaidInName())
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#80808060")
    ax.tick_params(color="#80808060")
    ax.grid(True, color="#80808026", linewidth=0.8)
    ax.set_axisbelow(True)


def legend_above(ax: Any) -> None:
    """Over the axes, where it hides no point."""
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False, fontsize="small", handlelength=1.8,
        borderaxespad=0.2, columnspacing=1.4,
    )  # fmt: skip


def label(name: str, longest: int = LONGEST) -> str:
    r"""A name from the data as text that matplotlib draws as it is: on one line, no formula, no missing glyph.

    Of a long name the beginning and the end; a character that no font at hand has is a box, as a browser shows it.

    Examples
    --------
    >>> label("price_in_$"), label("a" * 30 + "b" * 30, 11)
    ('price_in_\\$', 'aaaaa…bbbbb')
    """
    whole = shortened(name, longest)
    # Two dollars would begin and end a formula; with a backslash each is drawn as itself.
    return "".join(c if _has(c) else "□" for c in whole).replace("$", r"\$")


def _has(character: str) -> bool:
    from matplotlib import rcParams

    if character.isascii() and character.isprintable():
        return True
    families = rcParams["font.family"]
    asked = tuple((family, tuple(rcParams.get(f"font.{family}", ()))) for family in families)
    return any(ord(character) in glyphs for glyphs in _glyphs(asked))


@lru_cache(maxsize=8)
def _glyphs(asked: tuple[tuple[str, tuple[str, ...]], ...]) -> list[frozenset[int]]:
    """The characters of each font that matplotlib takes, one for each family; a generic one is what its list says."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    found = []
    for family, _ in asked:
        try:
            found.append(findfont(FontProperties(family=[family]), fallback_to_default=False))
        except ValueError:  # not installed: matplotlib leaves it out too
            continue
    return [frozenset(get_font(path).get_charmap()) for path in found or [findfont("DejaVu Sans")]]
