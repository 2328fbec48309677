"""The drawing in ARCHITECTURE.md holds: imports point down, heavy libraries have one home, starting up is light."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gradline
from gradline.data.elsewhere import OPENERS

SOURCE = Path(__file__).parents[1] / "src" / "gradline"

LAYERS = [  # from the bottom; a file imports from rows below its own, or from its own folder
    {"errors", "solution"},
    {"data"},
    {"moments"},
    {"descent"},
    {"diagnostics"},
    {"report"},
    {"model_file"},
    {"estimators", "lessons"},
    {"distributed"},
    {"cli"},
]
ROW = {name: row for row, names in enumerate(LAYERS) for name in names}

HOMES = {  # where a heavy library may be imported at all; "*": anywhere
    "torch": {
        "descent/brought.py",
        "descent/tensors.py",
        "data/written/nested.py",
        "descent/losses/criteria.py",
        "descent/steps/loss_by_autograd.py",
        "descent/steps/nn_closure.py",
        "descent/steps/optimizers.py",
        "descent/steps/schedulers.py",
        "descent/module/network.py",
        "descent/module/random_numbers.py",
        "descent/module/training.py",
        "descent/engines.py",
        "descent/rung2_autograd.py",
        "descent/rung3_nn.py",
        "distributed/own_gpu.py",
        "distributed/summed_gradients.py",
        "distributed/torchrun.py",
        "estimators/exported.py",
        "lessons/checker/looks.py",
        "moments/device/arithmetic.py",
        "moments/device/digit_sums.py",
        "moments/device/exact_sums.py",
        "moments/device/float_sums.py",
        "moments/device/rows.py",
        "moments/device/transfer.py",
    },
    "onnx": {"estimators/exported.py"},
    "sklearn": {"estimators"},
    "scipy": {
        "moments/distributions.py",
        "diagnostics/hypothesis.py",
        "diagnostics/profile.py",
        "diagnostics/quantile_plot.py",
    },
    "pyarrow": {"data"},
    "adbc_driver_sqlite": {"data/databases/adbc.py"},
    "adbc_driver_postgresql": {"data/databases/adbc.py"},
    "threadpoolctl": {"moments/parallel.py"},
    "typer": {"cli"},
    "rich": {"report/progress.py"},
    "pandas": {"data/columns/formula.py"},
    "formulaic": {"data/columns/formula.py", "data/columns/formula_syntax.py"},
    "polars": set(),
    "dask": {"distributed"},
    "distributed": {"distributed"},
    "matplotlib": {"report/displays/axis_name.py", "report/displays/canvas.py", "report/displays/plot_fit.py"},
}
# These files are themselves imported late, so they may import their library at the top.
LATE_FILES = {
    "descent/brought.py",
    "descent/tensors.py",
    "descent/losses/criteria.py",
    "descent/module/network.py",
    "descent/module/random_numbers.py",
    "descent/module/training.py",
    "descent/steps/loss_by_autograd.py",
    "descent/steps/nn_closure.py",
    "descent/rung2_autograd.py",
    "descent/rung3_nn.py",
    "distributed/own_gpu.py",
    "distributed/summed_gradients.py",
    "estimators/exported.py",
    "estimators/reported.py",
    "report/displays/axis_name.py",
    "estimators/elsewhere.py",
    "estimators/rows.py",
    "estimators/gradient_descent.py",
    "estimators/linear_regression.py",
    "estimators/saved.py",
    "cli/app.py",
    "cli/cluster.py",
    "cli/command_line.py",
    "cli/completion.py",
    "cli/demo.py",
    "cli/fit.py",
    "cli/gradient_way.py",
    "cli/lab.py",
    "cli/looking.py",
    "cli/lessons.py",
    "cli/models.py",
    "cli/options.py",
    "cli/places.py",
    "cli/processes.py",
    "cli/showing.py",
    "moments/device/arithmetic.py",
    "moments/device/digit_sums.py",
    "moments/device/exact_sums.py",
    "moments/device/float_sums.py",
    "moments/device/rows.py",
    "moments/device/transfer.py",
}

FILES = sorted(SOURCE.rglob("*.py"))


def part_of(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(path: Path):
    """(module, whether at run time, whether at the top of the file) for every import in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    late = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "gradline":
                names = [f"gradline.{alias.name}" for alias in node.names]
        for name in names:
            yield name, id(node) not in typing_only, id(node) not in late


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path):
    own = part_of(path)
    if own in ("__init__", "__main__"):
        return
    for name, at_run_time, _ in imports(path):
        if not name.startswith("gradline.") or name.startswith("gradline.__") or not at_run_time:
            continue
        other = name.split(".")[1]
        assert other == own or ROW[other] < ROW[own], f"{own} imports {name}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_heavy_libraries_stay_in_their_home_and_come_late(path):
    relative = path.relative_to(SOURCE).as_posix()
    for name, at_run_time, at_top in imports(path):
        library = name.split(".")[0]
        if library not in HOMES or not at_run_time:
            continue
        homes = HOMES[library]
        assert relative in homes or relative.split("/")[0] in homes, f"{relative} imports {library}"
        assert not at_top or relative in LATE_FILES, f"{relative} imports {library} at the top"


def test_what_is_opened_by_name_is_there():
    """A table of another library is opened by a module above the row of `data`, which names it and imports it late."""
    for name in OPENERS.values():
        module = import_module(name)
        assert all(callable(getattr(module, function)) for function in ("open_partitions", "open_rows", "predicted"))


def test_every_part_of_the_package_has_a_row():
    parts = {part_of(path) for path in FILES} - {"__init__", "__main__"}
    assert parts <= set(ROW)


def test_the_drawing_names_every_part():
    drawing = (SOURCE.parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for part in {part_of(path) for path in FILES} - {"__init__", "__main__"}:
        assert part in drawing


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_importing_gradline_loads_nothing_heavy():
    heavy = {*HOMES} - {"rich", "typer"}
    code = f"import sys, gradline; print(sorted({heavy!r} & set(sys.modules)))"
    assert fresh(code) == "[]"


def test_importing_gradline_takes_a_moment():
    """The one limit on time here: 0.15 s beyond the interpreter, the fastest of several (load only adds)."""
    code = "import time; t = time.perf_counter(); import gradline; print(time.perf_counter() - t)"
    assert min(float(fresh(code)) for _ in range(5)) < 0.15


UNUSED_BY_A_PLAIN_FIT = {  # parts of the package, beside every heavy library but those that it takes
    "descent",
    "estimators",
    "lessons",
    "model_file",
    "report.displays",
    "report.lab",
    "report.page",
    "report.second_look",
    "diagnostics.diagnosis",
    "diagnostics.frame",
    "diagnostics.second_pass",
    "data.databases.adbc",
    "data.databases.postgresql",
    "data.databases.sqlite",
    "moments.device",
}
USED_BY_A_PLAIN_FIT = {"pyarrow", "scipy", "threadpoolctl", "typer"}


def test_a_plain_fit_imports_what_it_uses_and_no_more(tmp_path):
    """The exact way over a small file, told as text: nothing of descents, of second looks, of other kinds of tables."""
    (tmp_path / "small.csv").write_text("x,y\n1,2\n2,4.1\n3,6\n", encoding="utf-8")
    code = f"""
import sys
from gradline.cli import main

sys.argv = ["gradline", "fit", {str(tmp_path / "small.csv")!r}, "--target", "y"]
try:
    main()
finally:
    print("imported", *sys.modules)
"""
    told, _, imported = fresh(code).rpartition("imported")
    assert "exact least squares" in told
    modules = set(imported.split())
    assert USED_BY_A_PLAIN_FIT | {"gradline.moments.solve"} <= modules  # they are seen where they are
    assert not ({*HOMES} - USED_BY_A_PLAIN_FIT) & modules
    assert not {f"gradline.{part}" for part in UNUSED_BY_A_PLAIN_FIT} & modules


def test_what_a_plain_fit_leaves_out_is_there():
    for part in UNUSED_BY_A_PLAIN_FIT:
        path = SOURCE / part.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), part


@pytest.mark.parametrize("name", gradline.__all__)
def test_public_names_exist_and_have_docstrings(name):
    assert getattr(gradline, name).__doc__
