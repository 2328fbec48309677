"""Draw the guide's pictures: `python docs/figures.py`. They stand on light and dark pages alike."""

from pathlib import Path

from gradline.report.svg import element, path, text

STATIC = Path(__file__).parent / "_static"
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #7d8894; }
  .axis { stroke: #7d8894; }
  .steep { stroke: #d9622b; fill: none; stroke-width: 2.5; }
  .flat { stroke: #2f86d6; fill: none; stroke-width: 2.5; stroke-dasharray: 8 4; }
  .mark { stroke: #7d8894; stroke-dasharray: 2 4; }
  .best { fill: #7d8894; }
"""


def rates(steep: float = 4.0, flat: float = 1.0) -> str:
    """|1 - rate * curvature| by rate, for two curvatures of condition number four."""

    def at(rate: float, factor: float) -> tuple[float, float]:
        return 60 + 900 * rate, 240 - 170 * factor

    best, limit, end = 2 / (steep + flat), 2 / steep, 0.6
    lines = [
        path([at(0, 1), at(1 / steep, 0), at(end, steep * end - 1)], class_="steep"),
        path([at(0, 1), at(end, 1 - flat * end)], class_="flat"),
        path([at(0, 0), at(end, 0)], class_="axis"),
        path([at(0, 0), at(0, 1.4)], class_="axis"),
        path([at(0, 1), at(end, 1)], class_="mark"),
        path([at(limit, 0), at(limit, 1)], class_="mark"),
        path([at(best, 0), at(best, 1 - flat * best)], class_="mark"),
        element("circle", cx=at(best, 0)[0], cy=at(0, 1 - flat * best)[1], r=5.0, class_="best"),
    ]
    words = [
        text("1", *_moved(at(0, 1), -18, 5)),
        text("|1 \u2212 rate \u00d7 curvature|", *_moved(at(0, 1.4), 10, 6)),
        text("rate", *_moved(at(end, 0), 0, 22), text_anchor="end"),
        text("1/L", *_moved(at(1 / steep, 0), 0, 22), text_anchor="middle"),
        text("2/(L+μ)", *_moved(at(best, 0), 0, 22), text_anchor="middle"),
        text("2/L", *_moved(at(limit, 0), 0, 22), text_anchor="middle"),
        text("does not shrink", *_moved(at(0.02, 1), 0, -10)),
        text("steepest, L", *_moved(at(0.2, 0.2), -104, 0)),
        text("flattest, μ", *_moved(at(0.16, 0.84), 12, -4)),
    ]
    drawn = "\n".join([f"<style>{STYLE}</style>", *lines, *words])
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -14 640 294">\n{drawn}\n</svg>\n'


def _moved(point: tuple[float, float], right: float, down: float) -> tuple[float, float]:
    return point[0] + right, point[1] + down


FIGURES = {"rates.svg": rates}

if __name__ == "__main__":
    for name, draw in FIGURES.items():
        (STATIC / name).write_text(draw(), encoding="utf-8")
