// This very setting as a script: plain NumPy, the same numbers. Names from the table go through a string literal encoder.

const literal = text => JSON.stringify(text).replace(/[\u007f-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const float = value => (/^-?\d+$/.test(value) ? `${value}.0` : String(value)); // an array of integers would truncate
const list = values => `[${values.map(value => (Array.isArray(value) ? list(value) : float(value))).join(", ")}]`;

function asPython(run) {
  const { setting, view, steps } = run, { bug, momentum, batch, float32, iterations, rate } = setting;
  const byRows = FACTS.byRows || batch > 0, one = view.best.length === 1, out = [];
  const kind = float32 ? ", dtype=np.float32" : "", v = one ? "a" : "v";
  const single = value => (float32 ? `np.float32(${value})` : float(value));
  out.push(`# gradline lab: ${literal(FACTS.target)} by ${literal(FACTS.features.slice(0, 3).join(", "))}, one setting as a script`);
  if (FACTS.command) out.push(`# the table itself: ${FACTS.command.replace(/[^ -~]/g, "?")}`);
  out.push("import numpy as np", "");
  if (byRows) {
    const rows = rowsOf(view, float32), columns = rows.columns;
    if (!FACTS.allHere) out.push(`# ${everyRow.length} rows, a sample of ${FACTS.rows}`);
    if (one) out.push(`x = np.array(${list(columns[0])}${kind})`);
    else out.push(`Z = np.column_stack([${columns.map(column => `np.array(${list(column)}${kind})`).join(", ")}])  # ${view.names.length} columns`);
    out.push(`y = np.array(${list(rows.y)}${kind})`);
    if (view.of) out.push(`y = y - np.array(${list(rows.offset)}${kind})  # what the directions out of the plane explain`);
    if (bug === "broadcast") out.push(`variance, y = ${FACTS.varianceY}, np.full_like(y, ${FACTS.meanY})  # every row is compared with every target`);
  }
  if (!FACTS.byRows) {
    const wrong = bug === "broadcast";
    out.push(`H = np.array(${list(view.H)}${kind})  # the loss of all ${FACTS.rows} rows: floor + (v - best)' H (v - best)`);
    out.push(`best = np.array(${list(wrong ? view.wrongBest : view.best)}${kind})`, `floor = ${single(wrong ? view.wrongFloor : view.floor)}`);
  }
  if (batch) out.push("", ...PYTHON_BATCHES, `picked = batches(${batch}, len(y))`);
  const start = steps[0].v;
  out.push("", one ? `a = ${single(start[0])}` : `v = np.array(${list(start)}${kind})  # ${view.names.map(literal).join(", ")}`);
  out.push(`rate, iterations = ${single(rate)}, ${iterations}`);
  if (bug === "zero_grad") out.push("pile = 0");
  if (momentum) out.push("push = 0");
  out.push(`for k in range(iterations):`);
  const predict = one ? "a * x" : "Z @ v";
  const slopes = one ? "np.mean((p - y) * x)" : "np.mean((p - y)[:, None] * Z, axis=0)";
  if (FACTS.byRows) {
    out.push(`    p = ${predict}  # 1. predict`, `    loss = np.mean((p - y) ** 2)${bug === "broadcast" ? " + variance" : ""}  # 2. loss`);
    if (!batch) out.push(`    grad = 2 * ${slopes}  # 3. gradient`);
  } else {
    out.push(one ? "    e = np.array([a - best[0]])" : "    e = v - best", "    loss = floor + e @ H @ e", one ? "    grad = (2 * H @ e)[0]" : "    grad = 2 * H @ e");
  }
  if (batch) {
    out.push("    some = next(picked)", one ? "    grad = 2 * np.mean((a * x[some] - y[some]) * x[some])" : "    grad = 2 * np.mean((Z[some] @ v - y[some])[:, None] * Z[some], axis=0)");
  }
  if (bug === "missing_2") out.push("    grad = grad / 2  # the bug: the 2 is missing");
  if (bug === "sum") out.push(`    grad = grad * ${batch || FACTS.rows}  # the bug: a sum instead of the mean`);
  if (bug === "zero_grad") out.push("    pile = pile + grad  # the bug: old gradients stay");
  const pull = bug === "zero_grad" ? "pile" : "grad";
  if (momentum) out.push(`    push = ${single(momentum)} * push + ${pull}`);
  out.push(`    ${v} = ${v} - rate * ${momentum ? "push" : pull}  # 4. update`);
  out.push("    if (k + 1) % 10 == 0:", one ? `        print(f"Iteration {k + 1}: Loss = {loss:.4f}, 'a' = {a:.4f}")` : `        print(f"Iteration {k + 1}: Loss = {loss:.6g}, at {v}")`);
  out.push(`print("After", iterations, "steps:", ${one ? "float(a)" : "*v.tolist()"})`);
  return out.join("\n") + "\n";
}

const PYTHON_BATCHES = [
  "def batches(size, rows):",
  "    order, seed = list(range(rows)), 1",
  "    while True:",
  "        for i in range(rows - 1, 0, -1):",
  "            seed = (seed * 1664525 + 1013904223) % 2**32",
  "            j = int(seed / 2**32 * (i + 1))",
  "            order[i], order[j] = order[j], order[i]",
  "        for i in range(0, rows, size):",
  "            yield order[i : i + size]",
  "",
];
