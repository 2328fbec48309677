"""The lab: one page where the lesson can be seen and touched.

sample.py (rows kept while they stream by) and views.py (the loss as a quadratic in the picture's coordinates) make
facts.py, with recorded.py (the three rungs, really run) and names.py (as a page has room for them); page.py puts them
between lab.html, page.css and the scripts (with bench.css, the style of what only they make), with the four rates of
story.py, which are there without a script, and their sentences (verdict.py). notebook.py is the way in from arrays.

unpack.js inflates the others. kernel.js descends as the rungs do; verdict.js says what happens; paper.js draws, and
line.js, loss.js and curves.js say what; numbers.js writes numbers, and the run as a table; rungs.js shows the code,
formulas.js the algebra, python.js writes the setting as a script; state.js, controls.js and hands.js move it all.
"""

from gradline.report.lab.notebook import Lab, lab

__all__ = ["Lab", "lab"]
