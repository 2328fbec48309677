"""What each of some processes finds, together with the others: written down for the tests to look at."""

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np

from gradline.distributed.place import Place
from gradline.distributed.share import Share
from gradline.distributed.torchrun import ProcessGroup
from gradline.errors import GradlineError
from gradline.moments.exact import ExactMoments
from gradline.moments.one_pass import one_pass
from tests.distributed.cases import BATCHES, CASES, KILLED, NUMBERS, RESUMED, descent, opened


def main(folder: Path, own: Path, chosen: list[str]) -> None:
    warnings.simplefilter("ignore")
    group = ProcessGroup(Place.of_environment(), print)
    found = look(group, folder, own, chosen)
    (own / f"{group.rank}.json").write_text(json.dumps(found))
    group.finish()
    os._exit(0)  # as a command ends: what torch keeps would be taken down in any order, and may abort


def look(group: ProcessGroup, folder: Path, own: Path, chosen: list[str]) -> dict:
    found = {}

    def share(file, how):
        return Share(opened(folder, file, how), group)

    for name in CASES:
        if name not in chosen:
            continue
        file, how, options = CASES[name]
        source = share(file, how)
        exact = one_pass(source, ExactMoments)
        found[name] = {"exact": exact.to_json(), **descent(source, options)}
    for name, (file, how, options) in BATCHES.items():
        source = share(file, how)
        one_pass(source, ExactMoments)
        rng = np.random.default_rng(3)
        steps = [[(b.y.tolist(), b.rows) for b in source.batches(options["batch_size"], shuffle=rng)] for _ in range(2)]
        found[name] = {"steps": steps, **descent(share(file, how), options)}
    found["stochastic"] = descent(share("t.parquet", NUMBERS), {"batch_size": 200, "tol": 0.05})
    if "killed" in chosen:
        file, how, options = KILLED
        found["killed"] = descent(share(file, how), options, seed=0)

    file, how, options = RESUMED
    kept = {"checkpoint": own / "here.json", "checkpoint_seconds": 0.0}
    found["unbroken"] = descent(share(file, how), options)
    found["begun"] = descent(share(file, how), options | kept | {"max_iter": 6})
    if group.first:
        (own / "begun.json").write_bytes((own / "here.json").read_bytes())
    found["gone on"] = descent(share(file, how), options | kept)
    found["gone on from one"] = descent(share(file, how), options | kept | {"checkpoint": own / "one.json"})

    for name, change in {"autograd": {"engine": "autograd"}, "lbfgs": {"optimizer": "lbfgs"}}.items():
        try:
            descent(share(file, how), {"tol": None, "max_iter": 2, **change})
        except GradlineError as error:
            found[name] = str(error)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
