// The three rungs as code, with this step's numbers put in, the line of this stage marked, and the bug where it sits.

const STAGES = ["", "predict", "loss", "gradient", "update"];
const signed = value => (value < 0 ? `(${number(value)})` : number(value));

// What the lines of a stage come to at step k.
function valuesAt(run, k) {
  const { view, steps, setting } = run, { v, seen, gradient, used, picked } = steps[k];
  const names = view.names.map(name => cut(name, 14)), rows = rowsOf(view, setting.float32), here = picked || everyRow;
  const predicted = here.slice(0, 5).map(i => number(predictionOf(rows, v, i))).join(", ");
  const named = (value, j) => (names.length > 1 ? `${names[j]}: ${number(value)}` : number(value));
  const update = (value, j) =>
    `${names[j]} = ${number(value)} - ${number(setting.rate)} * ${signed(used[j])} = ${number(value - setting.rate * used[j])}`;
  return {
    predict: predicted + (here.length > 5 ? ", \u2026" : ""),
    loss: number(seen),
    gradient: gradient.map(named).join(", "),
    update: v.map(update).join("; "),
  };
}

// How this setting is written: the words that the three rungs share.
function wordsOf(run) {
  const { setting, view } = run, { bug, momentum, standardise, rate } = setting, x = standardise ? "z" : "x";
  return {
    bug, x, b: view.intercept, momentum: momentum && number(momentum), rate: number(rate),
    own: alone ? "a" : "w",
    model: (alone ? `a * ${x}` : "X @ w") + (view.intercept ? " + b" : ""),
    average: bug === "sum" ? "sum" : "mean",
    wide: bug === "broadcast",
  };
}

// A line of code: its stage, the text, what it comes to, and whether the bug is in it.
const coded = (stage, text, value, buggy) => ({ stage, text, value, buggy });

function byHand({ bug, x, b, momentum, own, model, average, wide }) {
  const two = bug === "missing_2" ? "" : "2 * ", gets = bug === "zero_grad" ? "+=" : "=";
  const wrong = ["missing_2", "sum", "zero_grad"].includes(bug), pull = momentum ? "push" : "grad";
  const weighted = of => (bug === "sum" ? `np.sum(w * ${of})` : `np.average(${of}, weights=w)`);
  const mean = of => (FACTS.points.w ? weighted(of) : `np.${average}(${of})`);
  const residual = FACTS.points.w ? "(w * (p - y))" : "(p - y)", over = FACTS.points.w ? " / w.sum()" : " / n";
  const slope = alone ? mean(`(p - y) * ${x}`) : `X.T @ ${residual}${bug === "sum" ? "" : over}`;
  return [
    coded(1, wide ? `p = (${model})[:, None]  # (n, 1)` : `p = ${model}`, "predict", wide),
    coded(2, `loss = ${FACTS.points.w ? "np.average((p - y) ** 2, weights=w)" : "np.mean((p - y) ** 2)"}`, "loss"),
    coded(3, `grad ${gets} ${two}${slope}`, "gradient", wrong),
    b && coded(3, `grad_b ${gets} ${two}${mean("(p - y)")}`, null, wrong),
    momentum && coded(4, `push = ${momentum} * push + grad`),
    momentum && b && coded(4, `push_b = ${momentum} * push_b + grad_b`),
    coded(4, `${own} = ${own} - rate * ${pull}`, "update"),
    b && coded(4, `b = b - rate * ${pull}_b`),
  ];
}

function byAutograd({ bug, b, momentum, own, model, average, wide }) {
  const zero = `${own}.grad.zero_()`, forgotten = bug === "zero_grad", over = bug === "sum" ? "" : " / w.sum()";
  const loss = FACTS.points.w ? `(w * (p - y) ** 2).sum()${over}` : `((p - y) ** 2).${average}()`;
  return [
    coded(1, wide ? `p = (${model}).view(-1, 1)  # (n, 1)` : `p = ${model}`, "predict", wide),
    coded(2, `loss = ${loss}`, "loss", bug === "sum"),
    coded(3, "loss.backward()", "gradient"),
    momentum && coded(4, `push = ${momentum} * push + ${own}.grad`),
    momentum && b && coded(4, `push_b = ${momentum} * push_b + b.grad`),
    coded(4, "with torch.no_grad():"),
    coded(4, `    ${own} -= rate * ${momentum ? "push" : `${own}.grad`}`, "update"),
    b && coded(4, `    b -= rate * ${momentum ? "push_b" : "b.grad"}`),
    coded(4, forgotten ? `# ${zero}  forgotten` : b ? `${zero}; b.grad.zero_()` : zero, null, forgotten),
  ];
}

const weighed = bug => (!FACTS.points.w ? "mse(p, y)" : `(w * mse(p, y)).sum()${bug === "sum" ? "" : " / w.sum()"}`);

function byNN({ bug, x, wide }) {
  const zero = "optimizer.zero_grad()", forgotten = bug === "zero_grad";
  return [
    coded(1, `p = model(${alone ? x : "X"})`, "predict"),
    coded(2, `loss = ${weighed(bug)}${wide ? "  # (n, 1), (n,)" : ""}`, "loss", wide || bug === "sum"),
    coded(3, forgotten ? `# ${zero}  forgotten` : zero, null, forgotten),
    coded(3, "loss.backward()", "gradient"),
    coded(4, "optimizer.step()", "update"),
  ];
}

// What stands above the loop of each rung.
function preparations({ bug, b, momentum, rate }) {
  const linear = `model = nn.Linear(${FACTS.p}, 1${b ? "" : ", bias=False"})`;
  const reduction = FACTS.points.w ? "none" : bug === "sum" ? "sum" : "";
  const mse = `mse = nn.MSELoss(${reduction && `reduction="${reduction}"`})`;
  const sgd = `optim.SGD(lr=${rate}${momentum ? `, momentum=${momentum}` : ""})`;
  const own = `rate = ${rate}`, never = "backward() forgets no 2: this is rung 1's bug";
  return bug === "missing_2" ? [own, never, never] : [own, own, `${linear}; ${mse}; ${sgd}`];
}

function panels(run, k, stage) {
  const words = wordsOf(run), values = valuesAt(run, k), above = preparations(words), { batch } = run.setting;
  const rungs = [
    ["numpy", "1. NumPy, gradient by hand", byHand(words)],
    ["autograd", "2. PyTorch autograd", byAutograd(words)],
    ["nn", "3. nn.Linear, MSELoss, SGD", byNN(words)],
  ];
  byId("code").replaceChildren(...rungs.map(([rung, title, written], i) => {
    const lines = batch ? [coded(0, `x, y = next(batches)  # ${batch} of ${everyRow.length}`), ...written] : written;
    return panel(rung, title, above[i], lines.filter(Boolean), values, stage);
  }));
  byId("stage-name").textContent = `${stage}. ${STAGES[stage]}`;
}

function panel(rung, title, above, written, values, stage) {
  const root = document.createElement("section");
  const put = (parent, name) => parent.appendChild(document.createElement(name));
  const heading = put(root, "h3");
  marker(add(heading, "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }), rung, 0, 0);
  heading.append(title);
  put(root, "p").textContent = above;
  const list = put(root, "ol");
  for (const { stage: own, text, value, buggy } of written) {
    const item = put(list, "li");
    if (own === stage) item.setAttribute("aria-current", "true");
    if (buggy) item.className = "buggy";
    put(item, "code").textContent = text;
    if (value) put(item, "span").textContent = values[value];
  }
  return root;
}
