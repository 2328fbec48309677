"""Any torch.optim class on engine "nn": the parameters of a loop written by hand, to the bit."""

import copy

import numpy as np
import pytest
from sklearn.base import clone

from gradline import DataError, GradientDescentRegressor

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 3.0] + 0.5 + RNG.normal(size=60)

ASKED = [
    ("sgd", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    (torch.optim.Adam, {}),
    ("adam", {"betas": (0.8, 0.95), "amsgrad": True}),
    ("AdamW", {"weight_decay": 0.1}),
    ("rmsprop", {"momentum": 0.5, "centered": True}),
    ("adagrad", {}),
    ("nadam", {}),
    ("LBFGS", {"max_iter": 3, "history_size": 5}),
    ("lbfgs", {"line_search_fn": "strong_wolfe"}),
]


def by_hand(kind, options, steps, scheduler=None, model=None):
    """The loop that PyTorch's tutorials write, at a rate of 0.02."""
    if isinstance(kind, str):
        kind = {name.lower(): value for name, value in vars(torch.optim).items()}[kind.lower()]
    if model is None:
        model = torch.nn.Linear(3, 1, dtype=torch.float64)
        torch.nn.init.zeros_(model.weight)
        torch.nn.init.zeros_(model.bias)
    optimizer = kind(model.parameters(), lr=0.02, **options)
    plan = scheduler(optimizer) if scheduler else None
    A, b, share = torch.tensor(X), torch.tensor(Y).view(-1, 1), torch.full((60,), 1 / 60, dtype=torch.float64)
    criterion, losses = torch.nn.MSELoss(reduction="none"), []

    def closure():
        optimizer.zero_grad()
        loss = (share @ criterion(model(A), b)).sum()
        loss.backward()
        return loss

    for _ in range(steps):
        losses.append(float(optimizer.step(closure).detach()))
        if plan:
            plan.step()
    return model, losses


@pytest.mark.parametrize(("kind", "options"), ASKED, ids=lambda part: getattr(part, "__name__", str(part)))
def test_every_step_is_that_of_a_loop_by_hand(kind, options):
    fit = GradientDescentRegressor(
        "nn", optimizer=kind, optimizer_options=options, learning_rate=0.02, max_iter=40, tol=None
    ).fit(X, Y)
    model, losses = by_hand(kind, options, 40)
    assert fit.coef_.tolist() == model.weight.detach().view(-1).tolist()
    assert fit.intercept_ == model.bias.item()
    assert fit.loss_curve_ == losses


@pytest.mark.parametrize(
    "scheduler",
    [
        lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 7, 0.5),
        lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 1 / (1 + k)),
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=50),
    ],
    ids=["StepLR", "LambdaLR", "OneCycleLR"],
)
def test_a_scheduler_steps_once_a_pass(scheduler):
    fit = GradientDescentRegressor(
        "nn", optimizer="adam", scheduler=scheduler, learning_rate=0.02, max_iter=40, tol=None
    ).fit(X, Y)
    model, losses = by_hand("adam", {}, 40, scheduler)
    assert fit.coef_.tolist() == model.weight.detach().view(-1).tolist()
    assert fit.loss_curve_ == losses


def test_a_plateau_scheduler_is_told_the_loss():
    seen = []

    class Plateau(torch.optim.lr_scheduler.ReduceLROnPlateau):
        def step(self, metrics, *args, **kwargs):
            seen.append(metrics)
            super().step(metrics, *args, **kwargs)

    fit = GradientDescentRegressor("nn", scheduler=Plateau, learning_rate=0.02, max_iter=5, tol=None).fit(X, Y)
    assert seen == fit.loss_curve_


@pytest.mark.parametrize("kind", ["adam", "lbfgs", "rmsprop", "adadelta"])
def test_under_auto_an_optimizer_has_its_own_rate_and_the_result_is_in_data_units(kind):
    far = X * [1e-3, 1.0, 1e6] + [0.0, 100.0, 0.0]
    fit = GradientDescentRegressor("nn", optimizer=kind, max_iter=4000, tol=1e-3)
    fit.fit(far, Y)
    assert fit.converged_
    assert fit.optimality_gap_ <= 1e-3
    assert fit.learning_rate_ == {"adam": 0.001, "lbfgs": 1.0, "rmsprop": 0.01, "adadelta": 1.0}[kind]


def test_what_an_optimizer_cannot_do_is_a_sentence():
    def fit(**how):
        return GradientDescentRegressor(**{"engine": "nn", "learning_rate": 0.01} | how).fit(X, Y)

    with pytest.raises(DataError, match="Adam has no option 'beta'") as caught:
        fit(optimizer="adam", optimizer_options={"beta": 0.9})
    assert "betas" in caught.value.hint
    with pytest.raises(DataError, match=r"refuses its options.*Invalid beta"):
        fit(optimizer="adam", optimizer_options={"betas": (2.0, 0.9)})
    with pytest.raises(DataError, match=r"did you mean|no optimizer 'adm'"):
        fit(optimizer="adm")
    with pytest.raises(DataError, match=r"Muon cannot|'muon' cannot"):
        fit(optimizer="muon")
    with pytest.raises(DataError, match=r"no torch.optim class"):
        fit(optimizer=dict)
    with pytest.raises(DataError, match="only engine 'nn' uses"):
        fit(engine="numpy", optimizer_options={"momentum": 0.9})
    with pytest.raises(DataError, match="only engine 'nn' uses"):
        fit(engine="autograd", optimizer="adam")
    with pytest.raises(DataError, match="options of its own"):
        fit(optimizer="adam", momentum=0.9)
    with pytest.raises(DataError, match="engine='nn'"):
        fit(engine="numpy", scheduler=lambda optimizer: optimizer)
    with pytest.raises(DataError, match=r"expected a torch.optim.lr_scheduler"):
        fit(scheduler=lambda optimizer: None)


def test_an_estimator_with_options_can_be_cloned_and_keeps_them():
    options = {"betas": (0.8, 0.9)}
    first = GradientDescentRegressor("nn", optimizer="adam", optimizer_options=options, learning_rate=0.01, tol=None)
    again = clone(first).fit(X, Y)
    assert options == {"betas": (0.8, 0.9)}
    assert again.get_params()["optimizer_options"] == options
    assert (first.fit(X, Y).coef_ == again.coef_).all()


# --- a module in place of the line


def hidden_layer(features=3):
    torch.manual_seed(0)
    first, last = (torch.nn.Linear(*size, dtype=torch.float32) for size in ((features, 8), (8, 1)))
    return torch.nn.Sequential(first, torch.nn.ReLU(), last)


def test_a_hidden_layer_is_one_argument_more_and_the_steps_of_a_loop_by_hand():
    module = hidden_layer()
    before = copy.deepcopy(module.state_dict())
    line = {"optimizer": "adam", "learning_rate": 0.02, "max_iter": 30, "tol": None}
    fit = GradientDescentRegressor("nn", **line, module=module).fit(X, Y)
    model, losses = by_hand("adam", {}, 30, model=hidden_layer().double())
    assert fit.loss_curve_ == losses
    for found, expected in zip(fit.module_.parameters(), model.parameters(), strict=True):
        assert (found == expected).all()
    assert (fit.predict(X) == model(torch.tensor(X)).detach().numpy()[:, 0]).all()
    assert all((module.state_dict()[name] == before[name]).all() for name in before), "the module given was changed"
    assert not hasattr(fit, "coef_")
    assert not fit.converged_
    assert "nothing here can tell" in fit.stop_reason_


def test_it_learns_what_no_line_can():
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(400, 2))
    y = np.abs(Z[:, 0]) + np.maximum(Z[:, 1], 0)
    how = {"optimizer": "adam", "learning_rate": 0.02, "max_iter": 300, "tol": None, "random_state": 0}
    assert GradientDescentRegressor("nn", **how).fit(Z, y).score(Z, y) < 0.6
    assert GradientDescentRegressor("nn", **how, module=hidden_layer).fit(Z, y).score(Z, y) > 0.97


def test_a_function_makes_the_module_from_the_seed_and_leaves_no_trace():
    def make(features):
        return torch.nn.Sequential(torch.nn.Linear(features, 4), torch.nn.Dropout(0.2), torch.nn.Linear(4, 1))

    how = {"optimizer": "adam", "learning_rate": 0.02, "max_iter": 5, "module": make}
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one, two = (GradientDescentRegressor("nn", **how, random_state=3).fit(X, Y).predict(X) for _ in range(2))
    assert (one == two).all()
    assert (torch.get_rng_state() == state).all()
    other = GradientDescentRegressor("nn", **how, random_state=4).fit(X, Y).predict(X)
    assert (one != other).any()


def test_under_auto_a_module_sees_standardised_columns_and_answers_in_data_units():
    far, y = X * [1e-6, 1.0, 1e6] + [0.0, 1e4, 0.0], 1e5 * Y + 1e7
    how = {"optimizer": "adam", "max_iter": 300, "random_state": 0, "module": hidden_layer}
    assert GradientDescentRegressor("nn", **how).fit(far, y).score(far, y) > 0.9


def test_a_module_that_does_not_fit_is_a_sentence():
    def fit(module, **how):
        return GradientDescentRegressor(**{"engine": "nn", "learning_rate": 0.01, "max_iter": 2} | how, module=module)

    linear = torch.nn.Linear
    with pytest.raises(DataError, match="does not take rows of 3 features") as caught:
        fit(linear(2, 1)).fit(X, Y)
    assert "3 inputs" in caught.value.hint
    with pytest.raises(DataError, match=r"made \(2, 4\) of \(2, 3\), expected \(2, 1\)"):
        fit(linear(3, 4)).fit(X, Y)
    with pytest.raises(DataError, match=r"made \(2,\) of"):
        fit(torch.nn.Sequential(linear(3, 1), torch.nn.Flatten(0))).fit(X, Y)
    with pytest.raises(DataError, match=r"expected a torch.nn.Module"):
        fit(lambda features: features).fit(X, Y)
    with pytest.raises(DataError, match="no parameters"):
        fit(torch.nn.Identity()).fit(X, Y)
    with pytest.raises(DataError, match="trained by engine 'nn'"):
        fit(linear(3, 1), engine="numpy").fit(X, Y)
    with pytest.raises(DataError, match="which a module does not have"):
        fit(linear(3, 1), learning_rate="auto").fit(X, Y)


def test_a_warm_start_goes_on_with_the_module():
    how = {"learning_rate": 0.01, "max_iter": 10, "warm_start": True, "random_state": 0}
    fit = GradientDescentRegressor("nn", **how, module=hidden_layer).fit(X, Y)
    whole = GradientDescentRegressor("nn", **how | {"max_iter": 20}, module=hidden_layer).fit(X, Y)
    assert fit.fit(X, Y).loss_curve_ == whole.loss_curve_[10:]


@pytest.mark.parametrize("rate", ["auto", 1e-3])
def test_a_warm_start_on_other_rows_begins_at_the_network_of_the_last_fit(rate):
    how = {"optimizer": "adam", "warm_start": True, "random_state": 0, "module": hidden_layer, "tol": None}
    fit = GradientDescentRegressor("nn", **how, max_iter=200).fit(X, Y)
    rows, y = 3 * X[:50] + 7, 20 * Y[:50] + 100
    loss = np.mean((fit.predict(rows) - y) ** 2)
    assert fit.set_params(max_iter=1, learning_rate=rate).fit(rows, y).loss_curve_[0] == pytest.approx(loss)


def test_a_line_after_a_module_has_coefficients_again():
    fit = GradientDescentRegressor("nn", module=torch.nn.Linear(3, 1), learning_rate=0.01, max_iter=3).fit(X, Y)
    fit.set_params(module=None, learning_rate="auto").fit(X, Y)
    assert fit.converged_
    assert fit.coef_.shape == (3,)
    assert not hasattr(fit, "module_")
    assert (fit.predict(X) == X @ fit.coef_ + fit.intercept_).all()


# --- a module goes back to where it was best, and keeps what it was given


def noisy(rows=60, features=3):
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(rows, features))
    return Z, Z[:, 0] + 2 * rng.normal(size=rows)


@pytest.mark.parametrize("resumed", [False, True])
def test_early_stopping_of_a_module_goes_back_to_its_buffers_too(resumed, tmp_path):
    """The network of the lowest held-out loss is the one that a shorter training ends with."""
    Z, y = noisy()
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    how = {"learning_rate": 0.05, "tol": None, "random_state": 0, "validation_fraction": 0.3, "module": net}
    kept = {"checkpoint": tmp_path / "c"} if resumed else {}
    fit = GradientDescentRegressor("nn", **how, max_iter=2000, **kept).fit(Z, y)
    if resumed:
        fit = GradientDescentRegressor("nn", **how, max_iter=2000, **kept).fit(Z, y)
    best = int(np.argmin(fit.validation_loss_curve_)) + 1
    assert fit.n_iter_ == best + 5
    alone = GradientDescentRegressor("nn", **how, max_iter=best).fit(Z, y)
    state = alone.module_.state_dict()
    assert all((value == state[name]).all() for name, value in fit.module_.state_dict().items())
    assert (fit.predict(Z) == alone.predict(Z)).all()


class TwoScales(torch.nn.Linear):
    """Its parameters are not those of `nn.Linear` alone."""

    def __init__(self):
        super().__init__(3, 1)
        self.scale = torch.nn.Parameter(torch.ones(3))

    def forward(self, x):
        return super().forward(x * self.scale)


@pytest.mark.parametrize(
    "module",
    [
        TwoScales(),
        torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 1)),
        torch.nn.utils.spectral_norm(torch.nn.Linear(3, 1)),
        torch.nn.Linear(3, 1, bias=False),
    ],
    ids=["two scales", "weight_norm", "spectral_norm", "no bias"],
)
def test_a_subclass_of_a_line_goes_back_to_all_of_its_parameters(module):
    Z, y = noisy()
    how = {"learning_rate": 0.05, "tol": None, "random_state": 0, "validation_fraction": 0.3, "module": module}
    fit = GradientDescentRegressor("nn", **how, max_iter=2000).fit(Z, y)
    best = int(np.argmin(fit.validation_loss_curve_)) + 1
    assert fit.n_iter_ == best + 5
    alone = GradientDescentRegressor("nn", **how, max_iter=best).fit(Z, y)
    assert (fit.predict(Z) == alone.predict(Z)).all()


def test_a_part_that_is_frozen_in_eval_stays_so():
    frozen = torch.nn.BatchNorm1d(3).eval()
    net = torch.nn.Sequential(frozen, torch.nn.Linear(3, 1))
    fit = GradientDescentRegressor("nn", module=net, learning_rate=0.01, max_iter=3, tol=None).fit(X + 5, Y)
    assert [part.training for part in fit.module_.modules()] == [True, False, True]
    assert (fit.module_[0].running_mean == 0).all()  # in training it would be on its way to 5


def test_under_auto_the_rate_may_stand_among_the_optimizers_options():
    """In the frame where every curvature is two, a rate of 0.3 leaves 1 - 0.3 * 2 of the error at every step."""
    fit = GradientDescentRegressor("nn", optimizer_options={"lr": 0.3}).fit(X, Y)
    assert fit.converged_
    assert fit.learning_rate_ == 0.3
    above = np.array(fit.loss_curve_) - np.mean((Y - fit.predict(X)) ** 2)
    np.testing.assert_allclose(above[1:6] / above[:5], 0.4**2, rtol=1e-6)
    line = GradientDescentRegressor("nn", module=torch.nn.Linear(3, 1), optimizer_options={"lr": 0.3}, max_iter=50)
    assert line.fit(X, Y).score(X, Y) == pytest.approx(fit.score(X, Y), rel=1e-3)


def test_under_auto_momentum_counts_wherever_it_is_given():
    rng = np.random.default_rng(0)
    Z = rng.standard_cauchy(size=(300, 1))
    y = 2 * Z[:, 0] + rng.normal(size=300)
    how = {"engine": "nn", "batch_size": 1, "max_iter": 20, "tol": None, "random_state": 0}
    named = GradientDescentRegressor(**how, momentum=0.99).fit(Z, y)
    among = GradientDescentRegressor(**how, optimizer_options={"momentum": 0.99}).fit(Z, y)
    assert named.loss_curve_ == among.loss_curve_
