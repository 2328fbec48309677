// Numbers in words, and the run as a table.

const number = value => (Number.isFinite(value) ? tidy(Number(value.toPrecision(6))) : String(value));
const tidy = value => {
  const plain = value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e7);
  return plain ? String(value) : value.toExponential().replace("e+", "e");
};
const small = value => value.toExponential(1);
const where = (view, v) => view.names.map((name, j) => `${cut(name, 18)} = ${number(v[j])}`).join(", ");

const SHOWN = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

function table(run, k) {
  const { view, steps, setting } = run, last = steps.length - 1, root = byId("numbers");
  const head = document.createElement("thead"), body = document.createElement("tbody");
  const slopes = view.names.map(name => `gradient ${cut(name, 16)}`);
  row(head, ["step", ...view.names.map(name => cut(name, 22)), "loss", ...slopes], "col");
  const shown = new Set([...SHOWN, last, k].filter(i => i <= last));
  for (const i of [...shown].sort((p, q) => p - q)) {
    const { v, loss, gradient } = steps[i];
    const tr = row(body, [i, ...v.map(number), number(loss), ...gradient.map(number)], "row");
    if (i === k) tr.setAttribute("aria-current", "step");
  }
  const whose = setting.batch ? "the loss of all rows there, and the gradient of the step's rows" : "the loss there, and its gradient";
  root.caption.textContent = `Before each update: where it stands, ${whose}` +
    (view.standardise ? ", in standardised units." : ".");
  root.replaceChildren(root.caption, head, body);
}

// Cells side by side; in a row of figures the first is its heading, in the head all are.
function row(parent, cells, scope) {
  const tr = parent.appendChild(document.createElement("tr"));
  cells.forEach((cell, i) => {
    const heading = scope === "col" || i === 0, node = tr.appendChild(document.createElement(heading ? "th" : "td"));
    node.textContent = cell;
    if (heading) node.scope = scope;
  });
  return tr;
}
