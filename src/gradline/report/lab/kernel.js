"use strict";
// The descent itself: numbers in, numbers out. Up to seven rows it adds in NumPy's order, and has its bits.

const FACTS = JSON.parse(document.getElementById("facts").textContent);
// Weights beside n x n differences fit in no one way: such a line stops with an error, and stops no one for long.
const BUGS = ["none", "zero_grad", "broadcast", "missing_2", "sum"].filter(bug => bug !== "broadcast" || !FACTS.points.w);
const DEFAULTS = {
  rate: FACTS.rates[0], iterations: 100, start: null, intercept: FACTS.views[0].intercept,
  standardise: FACTS.views[0].standardise,
  momentum: 0, batch: 0, float32: false, bug: "none",
};

const same = value => value;
const dot = (u, v) => u.reduce((sum, value, j) => sum + value * v[j], 0);
const times = (H, v) => H.map(row => dot(row, v));

const viewOf = setting =>
  FACTS.views.find(view => view.intercept === setting.intercept && view.standardise === setting.standardise);

// A start is in the data's own units, the same line however it is looked at; in a plane, it is a place there.
function startOf(setting, view) {
  if (view.start) return setting.start || view.start;
  const [a, b] = setting.start || FACTS.start;
  return view.intercept ? [a * view.scale, b + a * view.centre] : [a * view.scale];
}

// Back from there: the slope and the intercept in the data's own units.
function lineOf(view, v) {
  const a = v[0] / view.scale;
  return [a, view.intercept ? v[1] - a * view.centre : 0];
}

// What the directions out of a plane predict, the same in every unit.
const offsetOf = view => FACTS.views.find(other => other.intercept === view.intercept && other.offset)?.offset;

const tables = new Map();

// The columns that the parameters multiply, and what a prediction is without them.
function rowsOf(view, float32) {
  const key = [view.intercept, view.standardise, float32].join();
  if (!tables.has(key)) {
    const round = float32 ? Math.fround : same;
    const { x, y } = FACTS.points;
    const columns = view.z || [x.map(value => (value - view.centre) / view.scale)];
    if (!view.z && view.intercept) columns.push(x.map(() => 1));
    const offset = offsetOf(view) || y.map(() => 0);
    tables.set(key, { columns: columns.map(c => c.map(round)), offset: offset.map(round), y: y.map(round) });
  }
  return tables.get(key);
}

const total = FACTS.weight; // what a mean divides by: the rows, or the sum of their weights
const everyRow = FACTS.points.y.map((_, i) => i);

const predictionOf = (rows, v, i) => v.reduce((p, value, j) => p + value * rows.columns[j][i], rows.offset[i]);

// loss = mean (p - y)^2 and its slopes 2 mean (p - y) z, over some of the rows. Of n predictions against each of n targets
// it is mean_i (p_i - mean y)^2 + var y: each is asked for the mean of the targets that are there.
function ofRows(rows, v, picked, round, againstEach) {
  const slopes = v.map(() => 0), n = picked.length;
  const asked = againstEach && round(picked.reduce((sum, i) => round(sum + rows.y[i]), 0) / n);
  let squares = 0;
  for (const i of picked) {
    let p = rows.offset[i];
    for (let j = 0; j < v.length; j++) p = round(p + round(v[j] * rows.columns[j][i]));
    const residual = round(p - (againstEach ? asked : rows.y[i])), off = againstEach ? round(rows.y[i] - asked) : 0;
    squares = round(squares + round(residual * residual) + round(off * off));
    for (let j = 0; j < v.length; j++) slopes[j] = round(slopes[j] + round(residual * rows.columns[j][i]));
  }
  return {
    loss: round(squares / n),
    gradient: slopes.map(sum => round(2 * round(sum / n))),
  };
}

// The same from the sums of all rows, in v - best: v'Hv - 2v'c + s would lose every digit near the answer.
function ofSums(H, best, floor, v, round) {
  const e = v.map((value, j) => round(value - best[j]));
  const He = H.map(row => row.reduce((sum, h, j) => round(sum + round(h * e[j])), 0));
  return {
    loss: round(floor + e.reduce((sum, value, j) => round(sum + round(value * He[j])), 0)),
    gradient: He.map(value => round(2 * value)),
  };
}

// A prediction of shape (n, 1) less a target of shape (n,) is n x n numbers; of a single row it is one, and nothing is wrong.
const againstEach = setting => setting.bug === "broadcast" && setting.batch !== 1;

// A bug that only changes the length of a step is a rate of its own.
const lengthOf = (setting, n = setting.batch || total) => ({ missing_2: 0.5, sum: n })[setting.bug] || 1;

function lossOf(setting, view, round) {
  const wrong = againstEach(setting);
  if (FACTS.byRows) {
    const rows = rowsOf(view, setting.float32);
    return v => ofRows(rows, v, everyRow, round, wrong);
  }
  const H = view.H.map(row => row.map(round)), best = (wrong ? view.wrongBest : view.best).map(round);
  const floor = round(wrong ? view.wrongFloor : view.floor);
  return v => ofSums(H, best, floor, v, round);
}

// Shuffled anew in every pass by a generator short enough to be written again in Python (Numerical Recipes, 7.1).
function* batches(size) {
  let seed = 1;
  const order = [...everyRow];
  for (;;) {
    for (let i = order.length - 1; i > 0; i--) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const j = Math.floor(seed / 4294967296 * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    for (let i = 0; i < order.length; i += size) yield order.slice(i, i + size);
  }
}

// Step k is the state after k updates: where it is and the loss of all rows there; the loss that the step sees, its
// gradient, what the bug makes of that, what the update will use, and which rows they are of.
function descend(setting) {
  const view = viewOf(setting), round = setting.float32 ? Math.fround : same;
  const full = lossOf(setting, view, round), rate = round(setting.rate), momentum = round(setting.momentum);
  const rows = rowsOf(view, setting.float32), some = setting.batch ? batches(setting.batch) : null;
  const piles = setting.bug === "zero_grad", zero = view.best.map(() => 0), steps = [];
  let v = startOf(setting, view).map(round), pile = zero, push = zero;
  for (let k = 0; k <= setting.iterations; k++) {
    const here = full(v), picked = some ? some.next().value : null;
    const { loss: seen, gradient } = picked ? ofRows(rows, v, picked, round, againstEach(setting)) : here;
    const scale = lengthOf(setting, picked ? picked.length : total);
    pile = piles ? pile.map((p, j) => round(p + gradient[j])) : gradient.map(g => round(scale * g));
    push = momentum ? push.map((p, j) => round(round(momentum * p) + pile[j])) : pile;
    steps.push({ v, loss: here.loss, seen, gradient, held: pile, used: push, picked });
    v = v.map((value, j) => round(value - round(rate * push[j])));
  }
  return { setting, view, steps };
}

// A recorded run of a rung: the first one in full, the others as what they add to it.
function recorded(run, name) {
  if (name === "float64 numpy") return run.numpy;
  const others = run.others[name];
  if (!others) return null;
  const round = name.startsWith("float32") ? Math.fround : same;
  return others.map((column, j) => column.map((more, k) => round(run.numpy[j][k] + more)));
}
