"""A learner's own training loop, run as it is, watched, and explained.

script.py          a file read, and run as `python FILE.py` would run it
rewriting.py       its syntax tree, with calls of looks (calls.py) where something can go wrong; recognising.py (what an
                   expression is likely to be), velocities.py (momentum by hand), places.py (lines that are looked at)
looks.py           what the rewritten tree calls: each look goes to its watcher
torch_hooks.py     what torch itself calls, before a backward pass, a step, a loss
watchers.py        those of one run: what several looks tell them, and what they find when it is over
shapes.py          a column against a row, dtypes that meet
gradients.py       torch: added up, used, lost; gradients_told.py (in words)
course.py          losses and updates as they come, as floats (values.py); divergence.py (a rate above its limit)
mismatch.py        a gradient that is not the loss's; uphill.py (one with the other sign)
holes.py           a NaN in the data
sightings.py       predictions and targets, copied; fits.py (of which data, with which parameters),
                   intercepts.py (what is added to their product)
straight_line.py   the closed form of those data, and a rate too small for them
crash/             an exception, by the state of the variables it met
names.py           what the learner calls an object
notes.py           what is told, once for each cause
check.py           all of this together
"""
