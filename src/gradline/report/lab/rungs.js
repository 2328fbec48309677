// The three rungs as code, with this step's numbers put in and the line of this stage marked.

const STAGES = ["", "predict", "loss", "gradient", "update"];
const signed = value => (value < 0 ? `(${number(value)})` : number(value));

function values(run, k) {
  const { view, steps, setting } = run, { v, loss, gradient, used, picked } = steps[k], names = view.names.map(name => cut(name, 14));
  const rows = rowsOf(view, setting.float32), some = (picked || everyRow).slice(0, 5);
  const predicted = some.map(i => predictionOf(rows, v, i));
  const more = (picked || everyRow).length > 5 ? ", \u2026" : "";
  const tail = (parts, mark) => parts.map((value, j) => `${parts.length > 1 ? names[j] + mark : ""}${number(value)}`).join(", ");
  return {
    predict: predicted.map(number).join(", ") + more,
    loss: number(loss),
    gradient: tail(gradient, ": "),
    update: v.map((value, j) => `${names[j]} = ${number(value)} - ${number(setting.rate)} * ${signed(used[j])} = ${number(value - setting.rate * used[j])}`).join("; "),
  };
}

function code(run) {
  const { setting, view } = run, { bug, momentum } = setting, lone = FACTS.features.length === 1, b = view.intercept, m = number(momentum);
  const x = setting.standardise ? "z" : "x", model = lone ? `a * ${x}${b ? " + b" : ""}` : `X @ w${b ? " + b" : ""}`;
  const wide = bug === "broadcast", mean = bug === "sum" ? "sum" : "mean", two = bug === "missing_2" ? "" : "2 * ";
  const hand = [], auto = [], nn = [], own = lone ? "a" : "w";
  const rows = setting.batch ? `x, y = next(batches)  # ${setting.batch} of ${everyRow.length}` : null;
  for (const rung of [hand, auto, nn]) if (rows) rung.push([0, rows]);
  const slope = lone ? `np.${mean}((p - y) * ${x})` : `X.T @ (p - y)${bug === "sum" ? "" : " / n"}`;
  hand.push([1, wide ? `p = (${model})[:, None]  # (n, 1)` : `p = ${model}`, "predict", wide]);
  hand.push([2, "loss = np.mean((p - y) ** 2)", "loss"]);
  hand.push([3, `grad ${bug === "zero_grad" ? "+=" : "="} ${two}${slope}`, "gradient", ["missing_2", "sum", "zero_grad"].includes(bug)]);
  if (b) hand.push([3, `grad_b ${bug === "zero_grad" ? "+=" : "="} ${two}np.${mean}(p - y)`, null, ["missing_2", "sum", "zero_grad"].includes(bug)]);
  const push = momentum ? "push" : "grad";
  if (momentum) hand.push([4, `push = ${m} * push + grad`]);
  hand.push([4, `${own} = ${own} - rate * ${push}`, "update"]);
  if (b) hand.push([4, `b = b - rate * ${push}_b`]);
  auto.push([1, wide ? `p = (${model}).view(-1, 1)  # (n, 1)` : `p = ${model}`, "predict", wide], [2, `loss = ((p - y) ** 2).${mean}()`, "loss", bug === "sum"], [3, "loss.backward()", "gradient"]);
  if (momentum) auto.push([4, `push = ${m} * push + ${own}.grad`]);
  auto.push([4, "with torch.no_grad():"], [4, `    ${own} -= rate * ${momentum ? "push" : `${own}.grad`}`, "update"]);
  auto.push([4, bug === "zero_grad" ? `# ${own}.grad.zero_()  forgotten` : `${own}.grad.zero_()`, null, bug === "zero_grad"]);
  nn.push([1, `p = model(${lone ? x : "X"})`, "predict"], [2, wide ? "loss = mse(p, y)  # (n, 1), (n,)" : "loss = mse(p, y)", "loss", wide || bug === "sum"]);
  nn.push([3, bug === "zero_grad" ? "# optimizer.zero_grad()  forgotten" : "optimizer.zero_grad()", null, bug === "zero_grad"], [3, "loss.backward()", "gradient"], [4, "optimizer.step()", "update"]);
  const features = FACTS.features.length, reduction = bug === "sum" ? 'reduction="sum"' : "";
  return [
    ["numpy", "1. NumPy, gradient by hand", hand, `rate = ${number(setting.rate)}`],
    ["autograd", "2. PyTorch autograd", auto, bug === "missing_2" ? "backward() forgets no 2: this is rung 1's bug" : `rate = ${number(setting.rate)}`],
    ["nn", "3. nn.Linear, MSELoss, SGD", nn, bug === "missing_2" ? "backward() forgets no 2: this is rung 1's bug" :
      `model = nn.Linear(${features}, 1${b ? "" : ", bias=False"}); mse = nn.MSELoss(${reduction}); SGD(lr=${number(setting.rate)}${momentum ? `, momentum=${m}` : ""})`],
  ];
}

function panels(run, k, stage) {
  const put = values(run, k), root = byId("code");
  root.replaceChildren();
  for (const [shape, title, written, setting] of code(run)) {
    const panel = root.appendChild(document.createElement("section")), heading = panel.appendChild(document.createElement("h3"));
    marker(add(heading, "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }), shape, 0, 0);
    heading.append(title);
    panel.appendChild(document.createElement("p")).textContent = setting;
    const list = panel.appendChild(document.createElement("ol"));
    for (const [at, text, key, buggy] of written) {
      const item = list.appendChild(document.createElement("li"));
      item.dataset.stage = at;
      if (at === stage) item.setAttribute("aria-current", "true");
      if (buggy) item.className = "buggy";
      item.appendChild(document.createElement("code")).textContent = text;
      if (key) item.appendChild(document.createElement("span")).textContent = put[key];
    }
  }
  byId("stage-name").textContent = `${stage}. ${STAGES[stage]}`;
}
