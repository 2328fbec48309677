"""Write scikit-learn's diabetes table to a CSV, in its original units: python write_diabetes.py OUT.csv"""

import sys

from sklearn.datasets import load_diabetes

# Ten measurements of 442 patients; the target is a score of disease progression one year later.
table = load_diabetes(scaled=False)
with open(sys.argv[1], "w", encoding="utf-8") as out:
    print(*table.feature_names, "progression", sep=",", file=out)
    for row, target in zip(table.data, table.target, strict=True):
        print(*row.tolist(), target, sep=",", file=out)
