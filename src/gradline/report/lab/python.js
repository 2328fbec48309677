// This very setting as a script: plain NumPy, the same numbers. What comes from the table is a literal, or a comment.

const literal = text =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const plain = text => text.replace(/[^ -~]/g, "?"); // for a comment, which a new line would end
const float = value => (/^-?\d+$/.test(value) ? `${value}.0` : String(value)); // an array of integers would truncate
const list = values => `[${values.map(value => (Array.isArray(value) ? list(value) : float(value))).join(", ")}]`;

function asPython(run) {
  const { setting, view } = run, scalar = view.best.length === 1;
  const how = {
    ...setting, view, scalar, wrong: againstEach(setting),
    v: scalar ? "a" : "v",
    fromRows: FACTS.byRows || setting.batch > 0, // the rows are in the script
    array: values => `np.array(${list(values)}${setting.float32 ? ", dtype=np.float32" : ""})`,
    single: value => (setting.float32 ? `np.float32(${value})` : float(value)),
  };
  const parts = [heading(setting), theRows(how), theSums(how), theBatches(how), theStart(run, how), theLoop(how)];
  return parts.flat().filter(line => line !== false).join("\n") + "\n";
}

function heading({ intercept }) {
  const by = literal(FACTS.features.join(", ")), fits = FACTS.commands[intercept];
  return [
    `# gradline lab: ${literal(FACTS.target)} by ${by}, one setting as a script`,
    fits !== "" && `# the table itself: ${plain(fits)}`,
    "import numpy as np",
    "",
  ];
}

function theRows({ fromRows, scalar, view, float32, array }) {
  if (!fromRows) return [];
  const { columns, y, offset } = rowsOf(view, float32);
  return [
    !FACTS.allHere && `# ${y.length} rows, a sample of ${FACTS.rows}`,
    scalar ? `x = ${array(columns[0])}` : `Z = np.column_stack([${columns.map(array).join(", ")}])`,
    `y = ${array(y)}`,
    view.of !== undefined && `offset = ${array(offset)}  # what the directions out of the plane predict`,
  ];
}

function theSums({ view, wrong, array, single }) {
  if (FACTS.byRows) return [];
  return [
    `# the loss of all ${FACTS.rows} rows is floor + (v - best)' H (v - best)`,
    `H = ${array(view.H)}`,
    `best = ${array(wrong ? view.wrongBest : view.best)}`,
    `floor = ${single(wrong ? view.wrongFloor : view.floor)}`,
  ];
}

const theBatches = ({ batch }) => (batch ? ["", ...BATCHES, `picked = batches(${batch}, len(y))`] : []);

const BATCHES = `def batches(size, rows):
    order, seed = list(range(rows)), 1
    while True:
        for i in range(rows - 1, 0, -1):
            seed = (seed * 1664525 + 1013904223) % 2**32
            j = int(seed / 2**32 * (i + 1))
            order[i], order[j] = order[j], order[i]
        for i in range(0, rows, size):
            yield order[i : i + size]
`.split("\n");

function theStart(run, { scalar, view, rate, iterations, bug, momentum, array, single }) {
  const start = run.steps[0].v;
  return [
    "",
    scalar ? `a = ${single(start[0])}` : `v = ${array(start)}  # ${view.names.map(literal).join(", ")}`,
    `rate, iterations = ${single(rate)}, ${iterations}`,
    bug === "zero_grad" && "pile = 0",
    momentum > 0 && "push = 0",
  ];
}

function theLoop(how) {
  const { scalar, v, bug, batch, momentum, single } = how, pull = bug === "zero_grad" ? "pile" : "grad";
  return [
    "for k in range(iterations):",
    how.wrong && "    # the bug: (n, 1) less (n,) asks every row for the mean of y",
    ...(FACTS.byRows ? lossOfRows(how) : lossOfSums(scalar)),
    batch > 0 && "    some = next(picked)",
    batch > 0 && `    grad = ${slope(how, "[some]")}  # 3. gradient, of these rows`,
    bug === "missing_2" && "    grad = grad / 2  # the bug: the 2 is missing",
    bug === "sum" && `    grad = grad * ${batch ? "len(some)" : total}  # the bug: a sum instead of the mean`,
    bug === "zero_grad" && "    pile = pile + grad  # the bug: old gradients stay",
    momentum > 0 && `    push = ${single(momentum)} * push + ${pull}`,
    `    ${v} = ${v} - rate * ${momentum ? "push" : pull}  # 4. update`,
    "    if (k + 1) % 10 == 0:",
    scalar
      ? "        print(f\"Iteration {k + 1}: Loss = {loss:.4f}, 'a' = {a:.4f}\")"
      : '        print(f"Iteration {k + 1}: Loss = {loss:.6g}, at {v}")',
    `print("After", iterations, "steps:", ${scalar ? "float(a)" : "*v.tolist()"})`,
  ];
}

const lossOfRows = how => [
  `    p = ${model(how)}  # 1. predict`,
  `    loss = np.mean((p - ${target(how)}) ** 2)${how.wrong ? " + y.var()" : ""}  # 2. loss`,
  `    grad = ${slope(how, "", "p")}  # 3. gradient`,
];

const lossOfSums = scalar => [
  scalar ? "    e = np.array([a - best[0]])" : "    e = v - best",
  "    loss = floor + e @ H @ e",
  scalar ? "    grad = (2 * H @ e)[0]" : "    grad = 2 * H @ e",
];

const model = ({ scalar, view }, some = "") =>
  scalar ? `a * x${some}` : `Z${some} @ v${view.of === undefined ? "" : ` + offset${some}`}`;
const target = ({ wrong }, some = "") => (wrong ? `y${some}.mean()` : `y${some}`);

function slope(how, some, predicted = model(how, some)) {
  const residual = `(${predicted} - ${target(how, some)})`;
  return how.scalar ? `2 * np.mean(${residual} * x${some})` : `2 * np.mean(${residual}[:, None] * Z${some}, axis=0)`;
}
