// The three rungs as code, with this step's numbers put in, the line of this stage marked, and the bug where it sits.

const STAGES = ["", "predict", "loss", "gradient", "update"];
const signed = value => (value < 0 ? `(${number(value)})` : number(value));

// What the lines of a stage come to at step k.
function valuesAt(run, k) {
  const { view, steps, setting } = run, { v, seen, gradient, held, used, picked } = steps[k];
  const names = view.names.map(name => cut(name, 14)), rows = rowsOf(view, setting.float32), here = picked || everyRow;
  const predicted = here.slice(0, 5).map(i => number(predictionOf(rows, v, i))).join(", ");
  const named = (value, j) => (names.length > 1 ? `${names[j]}: ${number(value)}` : number(value));
  const update = (value, j) =>
    `${names[j]} = ${number(value)} - ${number(setting.rate)} * ${signed(used[j])} = ${number(value - setting.rate * used[j])}`;
  return {
    predict: predicted + (here.length > 5 ? ", \u2026" : ""),
    loss: number(seen),
    sum: number(seen * (picked ? picked.length : total)),
    gradient: held.map(named).join(", "),
    sound: gradient.map(named).join(", "),
    update: v.map(update).join("; "),
  };
}

// How this setting is written: the words that the three rungs share. Rows have the names of the formulas.
function wordsOf(run) {
  const { setting, view } = run, { bug, momentum, standardise, rate } = setting, { intercept } = view;
  const [one, several] = standardise ? ["z", "Z"] : ["x", "X"], x = alone ? one : several, own = alone ? "a" : "w";
  return {
    bug, x, own, momentum: momentum && number(momentum), rate: number(rate),
    b: intercept,
    model: (alone ? `a * ${x}` : `${x} @ w`) + (intercept ? " + b" : ""),
    wide: bug === "broadcast",
    weighs: Boolean(FACTS.points.w),
    zeros: name => `; ${intercept ? `${name} = ${name}_b` : name} = 0`, // what grows from step to step
  };
}

// A line of code: its stage, the text, what it comes to, and whether the bug is in it.
const coded = (stage, text, value, buggy) => ({ stage, text, value, buggy });

function byHand({ bug, x, b, momentum, own, model, wide, weighs }) {
  const two = bug === "missing_2" ? "" : "2 * ", gets = bug === "zero_grad" ? "+=" : "=", sum = bug === "sum";
  const wrong = ["missing_2", "sum", "zero_grad"].includes(bug), pull = momentum ? "push" : "grad";
  const mean = (off, times = "") => (!weighs ? `np.${sum ? "sum" : "mean"}(${off}${times})`
    : sum ? `np.sum(weight * (p - y)${times})` : `np.average(${off}${times}, weights=weight)`);
  const residual = weighs ? "(weight * (p - y))" : wide ? "(p - y).mean(axis=1)" : "(p - y)";
  const share = sum ? "" : weighs ? " / weight.sum()" : " / len(y)";
  const slope = alone ? mean("(p - y)", ` * ${x}${wide ? "[:, None]" : ""}`) : `${x}.T @ ${residual}${share}`;
  return [
    coded(1, wide ? `p = (${model})[:, None]  # (n, 1)` : `p = ${model}`, "predict", wide),
    coded(2, `loss = ${weighs ? "np.average((p - y) ** 2, weights=weight)" : "np.mean((p - y) ** 2)"}`, "loss"),
    coded(3, `grad ${gets} ${two}${slope}`, "gradient", wrong),
    b && coded(3, `grad_b ${gets} ${two}${mean("p - y")}`, null, wrong),
    momentum && coded(4, `push = ${momentum} * push + grad`),
    momentum && b && coded(4, `push_b = ${momentum} * push_b + grad_b`),
    coded(4, `${own} = ${own} - rate * ${pull}`, "update"),
    b && coded(4, `b = b - rate * ${pull}_b`),
  ];
}

// What backward() finds lacks no 2, so that from there on this step is another one than the page's.
const foundBy = bug => (bug === "missing_2" ? "sound" : "gradient");
const madeBy = bug => (bug === "missing_2" ? null : "update");

function byAutograd({ bug, b, momentum, own, model, wide, weighs }) {
  const zero = `${own}.grad.zero_()`, forgotten = bug === "zero_grad", sum = bug === "sum";
  const loss = weighs ? `(weight * (p - y) ** 2).sum()${sum ? "" : " / weight.sum()"}`
    : `((p - y) ** 2).${sum ? "sum" : "mean"}()`;
  return [
    coded(1, wide ? `p = (${model}).view(-1, 1)  # (n, 1)` : `p = ${model}`, "predict", wide),
    coded(2, `loss = ${loss}`, sum ? "sum" : "loss", sum),
    coded(3, "loss.backward()", foundBy(bug)),
    momentum && coded(4, `push = ${momentum} * push + ${own}.grad`),
    momentum && b && coded(4, `push_b = ${momentum} * push_b + b.grad`),
    coded(4, "with torch.no_grad():"),
    coded(4, `    ${own} -= rate * ${momentum ? "push" : `${own}.grad`}`, madeBy(bug)),
    b && coded(4, `    b -= rate * ${momentum ? "push_b" : "b.grad"}`),
    coded(4, forgotten ? `# ${zero}  forgotten` : b ? `${zero}; b.grad.zero_()` : zero, null, forgotten),
  ];
}

function byNN({ bug, x, wide, weighs }) {
  const zero = "optimizer.zero_grad()", forgotten = bug === "zero_grad", sum = bug === "sum";
  const off = wide ? "mse(p, y)  # (n, 1), (n,)" : "mse(p, y.view(-1, 1))";
  return [
    coded(1, `p = model(${alone ? `${x}.view(-1, 1)` : x})`, "predict"),
    coded(2, `loss = ${weighs ? `weight @ ${off}${sum ? "" : " / weight.sum()"}` : off}`, sum ? "sum" : "loss", wide || sum),
    coded(3, forgotten ? `# ${zero}  forgotten` : zero, null, forgotten),
    coded(3, "loss.backward()", foundBy(bug)),
    coded(4, "optimizer.step()", madeBy(bug)),
  ];
}

// What stands above the loop of each rung.
function preparations({ bug, b, momentum, rate, zeros, weighs }) {
  const linear = `model = nn.Linear(${FACTS.p}, 1${b ? "" : ", bias=False"})`;
  const reduction = weighs ? "none" : bug === "sum" ? "sum" : "";
  const mse = `mse = nn.MSELoss(${reduction && `reduction="${reduction}"`})`;
  const sgd = `optimizer = optim.SGD(model.parameters(), lr=${rate}${momentum ? `, momentum=${momentum}` : ""})`;
  const own = `rate = ${rate}`, push = momentum ? zeros("push") : "", grad = bug === "zero_grad" ? zeros("grad") : "";
  const never = bug === "missing_2" ? "  # backward() forgets no 2: this is rung 1's bug" : "";
  return [`${own}${grad}${push}`, `${own}${push}${never}`, `${linear}; ${mse}; ${sgd}${never}`];
}

function panels(run, k, stage) {
  const words = wordsOf(run), values = valuesAt(run, k), above = preparations(words), { batch } = run.setting;
  const rungs = [
    ["numpy", "1. NumPy, gradient by hand", byHand(words)],
    ["autograd", "2. PyTorch autograd", byAutograd(words)],
    ["nn", "3. nn.Linear, MSELoss, SGD", byNN(words)],
  ];
  byId("code").replaceChildren(...rungs.map(([rung, title, written], i) => {
    const lines = batch ? [coded(0, `${words.x}, y = next(batches)  # ${batch} of ${everyRow.length}`), ...written] : written;
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
