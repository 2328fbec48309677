"""Drawings by matplotlib: artists stand where other libraries' numbers say, and one figure goes into a file."""

import re
import sys
from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import Ridge

import gradline
from gradline import (
    CoefficientDisplay,
    DataError,
    GradientDescentRegressor,
    LinearRegression,
    LossCurveDisplay,
    ResidualDisplay,
    open_source,
)
from gradline.report.displays import canvas
from tests.command import gradline as in_a_process
from tests.lab.colours import SEEN, apart, contrast
from tests.report.conftest import FITS, fit, repeated, skewed, table, weighted

pytest.importorskip("matplotlib", reason="matplotlib is not installed (pip install 'gradline[plots]')")
from matplotlib.figure import Figure

COLUMNS = table(150, 3)
X = np.column_stack([COLUMNS[f"x{j}"] for j in range(3)])
Y = COLUMNS["y"]
WEIGHTS = np.random.default_rng(3).uniform(0.5, 2.0, len(Y))


@pytest.fixture
def ax():
    return Figure().subplots()


def points(display):
    return np.asarray(display.scatter_.get_offsets())


# ---- colours


@pytest.mark.parametrize("deficiency", SEEN)
def test_what_is_drawn_together_is_told_apart_by_every_eye(deficiency):
    """As the lab's marks are: by the model of tests/lab/colours, and with a contrast of 3 to the paper."""
    hues = (canvas.BLUE, canvas.RED, canvas.GREEN, canvas.VIOLET, canvas.SOFT, canvas.INK)
    colours = [tuple(bytes.fromhex(hue[1:])) for hue in hues]
    for one, other in combinations(colours, 2):
        assert apart(one, other, deficiency) >= 1
    for colour in colours:
        assert contrast(colour, tuple(bytes.fromhex(canvas.PAPER[1:])), deficiency) >= 3


# ---- residuals


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor(), Ridge(10.0)])
def test_residuals_of_any_regressor_stand_over_its_predictions(estimator, ax):
    fitted = estimator.fit(X, Y).predict(X)
    display = ResidualDisplay.from_estimator(estimator, X, Y, ax=ax)
    np.testing.assert_array_equal(points(display), np.column_stack([fitted, Y - fitted]))
    assert display.figure_ is ax.figure
    assert ax.get_ylabel() == "residual (y - fitted)"


def test_a_source_brings_its_target_and_weights(ax):
    source = open_source(COLUMNS | {"w": WEIGHTS}, target="y", weight="w")
    model = LinearRegression().fit(source)
    display = ResidualDisplay.from_estimator(model, source, ax=ax, kind="scale_location")
    found = sm.WLS(Y, sm.add_constant(X), WEIGHTS).fit()
    scaled = np.sqrt(WEIGHTS) * found.resid
    expected = np.sqrt(np.abs(scaled) / np.sqrt(np.mean(scaled**2)))
    np.testing.assert_allclose(points(display), np.column_stack([found.fittedvalues, expected]), rtol=1e-9)


@pytest.mark.parametrize("kind", ["residuals", "qq", "scale_location"])
def test_frequencies_of_a_source_are_drawn_as_the_repeated_rows(kind, ax):
    columns = weighted()
    source = open_source(columns, target="y", weight="w", weights="frequency")
    model = LinearRegression().fit(source)
    ours = ResidualDisplay.from_estimator(model, source, kind=kind, ax=ax)
    again = open_source(repeated(), target="y")
    theirs = ResidualDisplay.from_estimator(model, again, kind=kind, ax=Figure().subplots())
    np.testing.assert_allclose(np.unique(points(ours), axis=0), np.unique(points(theirs), axis=0), rtol=1e-9)
    assert (kind != "qq") or len(points(ours)) == int(columns["w"].sum())
    if kind != "qq":
        np.testing.assert_allclose(ours.smoother_.get_data(), theirs.smoother_.get_data(), rtol=1e-9)
    edges = [display.band_.get_paths()[0].vertices for display in (ours, theirs)]
    np.testing.assert_allclose(*edges, rtol=1e-9)
    assert "drawn" not in ax.get_xlabel()


def test_the_smoother_is_the_mean_in_bins_of_equal_numbers(ax):
    """150 rows: 2/3 sqrt(150) = 8 bins."""
    fitted = sm.OLS(Y, sm.add_constant(X)).fit().fittedvalues
    order = np.array_split(np.argsort(fitted), 8)
    display = ResidualDisplay.from_predictions(Y, fitted, ax=ax)
    x, mean = display.smoother_.get_data()
    # Cuts at quantiles and into equal parts may differ by a row a bin.
    assert len(x) == 8
    np.testing.assert_allclose(x, [fitted[part].mean() for part in order], atol=0.15 * fitted.std())
    np.testing.assert_allclose(mean, [(Y - fitted)[part].mean() for part in order], atol=0.15)


def test_quantiles_stand_over_those_of_the_normal_distribution(ax):
    residual = Y - sm.OLS(Y, sm.add_constant(X)).fit().fittedvalues
    display = ResidualDisplay.from_predictions(residual, np.zeros(len(residual)), ax=ax, kind="qq")
    n = len(residual)
    expected = stats.norm.ppf((np.arange(n) + 0.5) / n), np.sort(residual) / residual.std()
    np.testing.assert_allclose(points(display).T, expected, rtol=1e-9)


def test_ten_rows_have_no_smoother(ax):
    display = ResidualDisplay.from_predictions(Y[:10], Y[:10] + 1.0, ax=ax)
    assert display.smoother_ is None
    assert "too few for a smoother" in ax.get_xlabel()


def test_of_many_rows_the_same_ones_are_drawn(ax):
    y = np.random.default_rng(0).normal(size=5000)
    display = ResidualDisplay.from_predictions(y, np.arange(5000.0), ax=ax)
    again = ResidualDisplay.from_predictions(y, np.arange(5000.0), ax=Figure().subplots())
    assert len(points(display)) == 2000
    np.testing.assert_array_equal(points(display), points(again))
    assert "2,000 of 5,000 rows drawn" in ax.get_xlabel()


@pytest.mark.parametrize(
    ("y", "fitted", "weight", "why"),
    [
        ([1.0, 2.0], [1.0], None, r"y has shape \(2,\)"),
        ([], [], None, "expected one number for each row"),
        ([1.0, np.nan], [1.0, 2.0], None, "residual is nan in row 2"),
        ([1.0, 2.0], [1.0, 2.0], [1.0, -1.0], r"sample_weight is -1.0 in row 2"),
        ([1.0, 2.0], [1.0, 2.0], [0.0, 0.0], "sample_weight is zero in every row"),
    ],
)
def test_rows_that_cannot_be_drawn_are_named(y, fitted, weight, why, ax):
    with pytest.raises(DataError, match=why):
        ResidualDisplay.from_predictions(y, fitted, weight, ax=ax)


# ---- coefficients


@pytest.mark.parametrize("covariance", ["classical", "HC3"])
def test_dots_and_bars_are_estimates_and_intervals(covariance, ax):
    found = sm.OLS(Y, sm.add_constant(X)).fit()
    found = found if covariance == "classical" else found.get_robustcov_results("HC3")
    display = CoefficientDisplay.from_estimator(LinearRegression().fit(X, Y), covariance=covariance, ax=ax)
    np.testing.assert_allclose(display.dots_.get_xdata(), found.params[1:], rtol=1e-9)
    bars = np.array(display.bars_.get_segments())[:, :, 0]
    np.testing.assert_allclose(bars, found.conf_int()[1:], rtol=1e-9)


def test_standardised_coefficients_are_those_of_standardised_columns(ax):
    z = (X - X.mean(0)) / X.std(0)
    expected = sm.OLS((Y - Y.mean()) / Y.std(), sm.add_constant(z)).fit().params[1:]
    display = CoefficientDisplay.from_estimator(LinearRegression().fit(X, Y), standardise=True, ax=ax)
    np.testing.assert_allclose(display.dots_.get_xdata(), expected, rtol=1e-9)


def test_of_many_coefficients_the_farthest_are_drawn(ax):
    t = np.abs(sm.OLS(Y, sm.add_constant(X)).fit().tvalues[1:])
    display = CoefficientDisplay.from_estimator(LinearRegression().fit(X, Y), top=2, ax=ax)
    shown = [text.get_text() for text in ax.get_yticklabels()]
    assert shown == [f"x{j}" for j in sorted(np.argsort(-t)[:2])]
    assert "2 of 3 coefficients" in ax.get_xlabel()
    assert len(display.dots_.get_xdata()) == 2


def test_a_descent_that_has_not_arrived_is_hollow(ax):
    with pytest.warns(UserWarning, match="Stopped"):
        model = GradientDescentRegressor(learning_rate=1e-4, max_iter=3).fit(X, Y)
    display = CoefficientDisplay.from_estimator(model, ax=ax)
    assert len(display.dots_.get_xdata()) == 0
    np.testing.assert_allclose(display.hollow_.get_xdata(), model.coef_)


def test_an_estimator_without_standard_errors_is_refused(ax):
    with pytest.raises(DataError, match="a Ridge gives no standard errors"):
        CoefficientDisplay.from_estimator(Ridge().fit(X, Y), ax=ax)


# ---- the descent


def test_the_curve_is_the_loss_and_the_floor_is_the_answers(ax):
    with pytest.warns(UserWarning, match="Stopped"):
        model = GradientDescentRegressor(learning_rate=1e-3, max_iter=50).fit(X, Y)
    display = LossCurveDisplay.from_estimator(model, X, Y, ax=ax)
    np.testing.assert_array_equal(display.line_.get_ydata(), model.loss_curve_)
    residual = sm.OLS(Y, sm.add_constant(X)).fit().resid
    assert display.floor_.get_ydata()[0] == pytest.approx(np.mean(residual**2), rel=1e-9)
    assert ax.get_yscale() == "log"
    other = LossCurveDisplay.from_estimator(GradientDescentRegressor().fit(X, Y), ax=ax)
    assert other.line_.get_linestyle() != display.line_.get_linestyle()  # told apart without colours


def test_an_estimator_without_a_descent_is_refused(ax):
    with pytest.raises(DataError, match="this LinearRegression has no loss_curve_"):
        LossCurveDisplay.from_estimator(LinearRegression().fit(X, Y), ax=ax)


# ---- all of them


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.setitem(sys.modules, name, None)
    for draw in (
        lambda: ResidualDisplay.from_predictions([1.0, 2.0], [1.0, 2.0]),
        lambda: CoefficientDisplay.from_estimator(LinearRegression().fit(X, Y)),
        lambda: LossCurveDisplay(loss=[2.0, 1.0]).plot(),
    ):
        with pytest.raises(gradline.errors.MissingExtraError, match="needs the extra 'plots'") as missing:
            draw()
        assert missing.value.hint == "pip install 'gradline[plots]'"


@pytest.mark.filterwarnings("error")
def test_hostile_names_are_drawn_as_they_are(ax):
    names = ["$x^2$ & <b>", "a\nb", "\U0001f600"]
    display = CoefficientDisplay(names=names, estimates=[1.0, 2.0, 3.0], intervals=np.zeros((3, 2)))
    display.plot(ax)
    ax.figure.savefig("/dev/null", format="png")
    assert [text.get_text() for text in ax.get_yticklabels()][:2] == [r"\$x^2\$ & <b>", "a b"]


# ---- fit --plot


@pytest.fixture
def figure_of(written, tmp_path, monkeypatch):
    """The figure of a fit, as it is before it becomes a file."""

    def drawn(columns, *options):
        kept = []
        monkeypatch.setattr(
            Figure, "savefig", lambda self, *_, **__: (self.draw_without_rendering(), kept.append(self))
        )
        fit(written(columns), "--target", "y", "--plot", tmp_path / "fit.png", *options)
        return kept[0]

    return drawn


@pytest.mark.filterwarnings("ignore")
def test_a_figure_of_one_row_counts_it_in_words_that_fit(figure_of):
    words = " ".join(text.get_text() for text in figure_of({"x": [1.0], "y": [2.0]}).texts)
    assert "1 row;" in words


def curve_of(ax):
    return np.array(next(line for line in ax.lines if line.get_label() == "mean in bins").get_data())


def test_a_figure_of_frequencies_is_that_of_the_repeated_rows(figure_of):
    ours = figure_of(weighted(), "--weight", "w", "--weights", "frequency")
    theirs = figure_of(repeated())
    np.testing.assert_allclose(curve_of(ours.axes[1]), curve_of(theirs.axes[1]), rtol=1e-9)
    quantiles = [np.asarray(figure.axes[3].collections[-1].get_offsets()) for figure in (ours, theirs)]
    np.testing.assert_allclose(*quantiles, rtol=1e-9)
    assert "drawn" not in ours.axes[0].get_xlabel() + ours.axes[1].get_xlabel()


def test_a_figure_of_analytic_weights_has_their_means_and_studentised_residuals(figure_of):
    """Fitted values in half as many groups as bins: the curve passes near the weighted mean of each."""
    columns = weighted(200)
    columns["y"] = columns["y"] + np.where(columns["w"] == 1.0, 30.0, 0.0)
    columns["w"] = np.where(columns["w"] == 1.0, 0.01, columns["w"])
    found = sm.WLS(columns["y"], sm.add_constant(np.column_stack([columns["x0"], columns["x1"]])), columns["w"]).fit()
    figure = figure_of(columns, "--weight", "w")
    x, mean = curve_of(figure.axes[1])
    cuts = (x[1:] + x[:-1]) / 2
    place = np.searchsorted(cuts, found.fittedvalues)
    means = np.bincount(place, columns["w"] * found.resid) / np.bincount(place, columns["w"])
    np.testing.assert_allclose(mean, means, atol=0.7)  # unweighted ones are near 7
    observed = np.asarray(figure.axes[3].collections[-1].get_offsets())[:, 1]
    scaled = np.sqrt(columns["w"]) * found.resid
    leverage = sm.OLS(scaled, np.sqrt(columns["w"])[:, None] * found.model.exog).fit().get_influence().hat_matrix_diag
    internal = scaled / np.sqrt(found.scale * (1 - leverage))
    external = np.sort(internal * np.sqrt((found.df_resid - 1) / (found.df_resid - internal**2)))
    np.testing.assert_allclose(observed[[0, -1]], external[[0, -1]], rtol=1e-2)  # the sketch knows 0.4 %


@pytest.mark.parametrize(("level", "unit"), [(101_325.0, 0.8), (0.0, 1e-19), (0.0, 1.0)])
def test_nothing_is_written_above_an_axis_where_the_legend_is(level, unit, figure_of):
    """What matplotlib takes off the numbers at the ticks is in the name: together they are where the ticks stand."""
    rng = np.random.default_rng(2)
    x = 2024.0 + rng.uniform(size=80)
    figure = figure_of({"x": x, "y": level + unit * (x - 2024.0 + rng.normal(size=80))})
    for ax in figure.axes[:2]:
        for axis in (ax.xaxis, ax.yaxis):
            assert axis.get_offset_text().get_text() == ""
            named = re.fullmatch(r"[^\u2212,]*( \u2212 ([\d,]+))?(, in 1e([\u2212\d]+))?", axis.get_label_text())
            taken = float(named[2].replace(",", "")) if named[2] else 0.0
            power = int(named[4].replace("\u2212", "-")) if named[4] else 0
            said = [float(text.get_text().replace("\u2212", "-")) for text in axis.get_ticklabels()]
            np.testing.assert_allclose(np.array(said) * 10.0**power + taken, axis.get_ticklocs(), atol=1e-6 * unit)


def test_whoever_names_an_axis_anew_has_its_level_in_that_name(ax):
    display = ResidualDisplay.from_predictions(1e9 + Y, 1e9 + Y, ax=ax)
    ax.set_xlabel("mine")
    display.figure_.draw_without_rendering()
    assert ax.get_xlabel() == "mine \u2212 1,000,000,000"
    ax.set_xlim(0.0, 2e9)
    display.figure_.draw_without_rendering()
    assert ax.get_xlabel() == "mine, in 1e9"


def test_of_analytic_weights_the_band_is_that_of_a_row_of_weight_1(figure_of):
    columns = weighted()
    figure = figure_of({name: columns[name] for name in ("x0", "y", "w")}, "--weight", "w")
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert words == ["fit", "95% of new rows of weight 1", "95% for the mean"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name",
    ["line", "columns", "few", "five", "cities", "analytic", "hostile", "unfinished", "descent", "huber", "wide"],
)
def test_every_kind_of_fit_has_a_figure(name, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns, options = FITS[name][0](), FITS[name][1]
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    target = "y" if "y" in columns else list(columns)[-1]
    fit(tmp_path / "t.parquet", "--target", target, "--plot", tmp_path / "fit.svg", *options)
    drawn = (tmp_path / "fit.svg").read_text()
    panels = {"unfinished": 4, "descent": 4, "huber": 4, "wide": 2, "five": 3}.get(name, 4)
    assert drawn.count('<g id="axes_') == panels
    assert "<script" not in drawn


def test_a_figure_leaves_pyplot_and_its_settings_alone(tmp_path):
    """In a process forked from one in which nothing has asked for matplotlib."""
    (tmp_path / "t.csv").write_text("x,y\n" + "\n".join(f"{x},{y}" for x, y in zip(*skewed(40).values(), strict=True)))
    code = """
import sys
assert "matplotlib" not in sys.modules
import matplotlib
before = matplotlib.rcParams.copy()  # to look at them one by one would choose a backend
sys.argv = ["gradline", "fit", "t.csv", "--target", "y", "--plot", "fit.png"]
from gradline.cli.app import app
app(standalone_mode=False)
assert matplotlib.rcParams.copy() == before
assert "matplotlib.pyplot" not in sys.modules
sys.exit(7)
"""
    done = in_a_process(cwd=tmp_path, first=code)
    assert done.returncode == 7, done.stderr
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")
