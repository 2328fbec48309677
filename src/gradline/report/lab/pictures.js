// What is drawn of a run at a step. Every picture says in its label what it shows.

const { left, right, top: above, bottom } = PAPER;
const number = value => (Number.isFinite(value) ? tidy(Number(value.toPrecision(6))) : String(value));
const tidy = value => (value && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e7) ? value.toExponential().replace("e+", "e") : String(value));
const where = (view, v) => view.names.map((name, j) => `${cut(name, 18)} = ${number(v[j])}`).join(", ");

function spread(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { if (value < low) low = value; if (value > high) high = value; }
  if (low > 0 && low < 0.4 * high) low = 0;
  const room = 0.08 * (high - low) || Math.abs(high) || 1;
  return [low === 0 ? 0 : low - room, high + room];
}

const spreads = FACTS.points.x ? [spread(FACTS.points.x), spread(FACTS.points.y)] : [spread(FACTS.points.y), spread(FACTS.points.y)];
const dotted = new Map(); // the points never move: their path is written once

function scatter(run, k) {
  const { view, steps } = run, x = paperX(...spreads[0]), y = paperY(...spreads[1]), line = FACTS.points.x;
  const { svg, inside } = sheet("scatter", x, y, line ? FACTS.features[0] : `predicted ${FACTS.target}`, FACTS.target);
  const rows = rowsOf(view, false), v = steps[k].v, few = everyRow.length <= 12;
  const predicted = everyRow.map(i => v.reduce((p, value, j) => p + value * rows.columns[j][i], rows.offset[i]));
  const spots = everyRow.map(i => [x(line ? line[i] : predicted[i]), y(rows.y[i])]);
  const ends = predicted.map(y);
  if (few) spots.forEach(([px, py], i) => {
    const side = Math.abs(py - ends[i]);
    if (side < bottom - above) add(inside, "rect", { x: at(px - side), y: at(Math.min(py, ends[i])), width: at(side), height: at(side), class: "square" });
  });
  const some = thin(everyRow, 200); // of thousands of residuals nothing would be seen
  add(inside, "path", { d: some.map(i => `M${at(spots[i][0])} ${at(spots[i][1])}V${at(ends[i])}`).join(""), class: few ? "residual" : "residual faint" });
  if (line) {
    const [a, b] = lineOf(view, v);
    add(inside, "path", { d: lines([x.low, x.high].map(value => [x(value), y(a * value + b)])), class: "fit" });
    handles(svg, view, v, x, y);
  } else add(inside, "path", { d: lines([[x(x.low), y(x.low)], [x(x.high), y(x.high)]]), class: "fit" });
  if (!line || !dotted.has("points")) dotted.set("points", spots.map(([px, py]) => `M${at(px)} ${at(py)}h0`).join(""));
  add(inside, "path", { d: dotted.get("points"), class: few ? "points" : "points small" });
  svg.setAttribute("aria-label", `${everyRow.length} points${line ? " and the line" : ", prediction against target"} at step ${k}: ${where(view, v)}, loss ${number(steps[k].loss)}`);
}

// Where a hand may take the line: it sets the start, and the descent begins anew from there.
function handles(svg, view, v, x, y) {
  const [a, b] = lineOf(view, v), grips = [["slope", 0.86]];
  if (view.intercept) grips.unshift(["intercept", 0.08]);
  for (const [what, share] of grips) {
    const value = x.low + share * (x.high - x.low);
    const grip = add(svg, "circle", {
      cx: at(x(value)), cy: at(clamp(y(a * value + b), above + 6, bottom - 6)), r: 8, class: "grip", tabindex: 0, role: "slider",
      "aria-label": `Drag the line: ${what}`, "aria-valuenow": number(what === "slope" ? a : b), "aria-valuetext": number(what === "slope" ? a : b),
      "aria-orientation": "vertical", "aria-valuemin": -1e9, "aria-valuemax": 1e9,
    });
    grip.dataset.grip = what;
    grip.dataset.x = value;
  }
}

// The loss as a function of one slope: the path on it, the tangent, and where the next step lands.
function bowl(run, k) {
  const { view, steps } = run, best = view.best[0], H = view.H[0][0];
  const half = 1.75 * (Math.abs(steps[0].v[0] - best) || Math.abs(best) || 1);
  const wrong = run.setting.bug === "broadcast", middle = wrong ? view.wrongBest[0] : best, floor = wrong ? view.wrongFloor : view.floor;
  const loss = (a, b, f) => f + H * (a - b) * (a - b);
  const x = paperX(best - half, best + half), y = paperY(Math.min(view.floor, floor) * 0.96, loss(best + half, best, Math.max(view.floor, floor)));
  const { svg, inside } = sheet("bowl", x, y, view.names[0], "loss");
  const over = (b, f) => lines(Array.from({ length: 61 }, (_, i) => { const a = x.low + i / 60 * 2 * half; return [x(a), y(loss(a, b, f))]; }));
  if (wrong) add(inside, "path", { d: over(best, view.floor), class: "bowl truth" });
  add(inside, "path", { d: over(middle, floor), class: "bowl" });
  const spots = steps.slice(0, k + 1).map(step => [x(step.v[0]), y(step.loss)]), { v: [a], loss: here, gradient: [g] } = steps[k];
  add(inside, "path", { d: lines(thin(spots, 300)), class: "walk" });
  for (const [px, py] of thin(spots.slice(0, -1), 60)) add(inside, "circle", { cx: at(px), cy: at(py), r: 2.6, class: "step" });
  const reach = half * 0.42;
  add(inside, "path", { d: lines([a - reach, a + reach].map(value => [x(value), y(here + g * (value - a))])), class: "tangent" });
  forward(inside, steps[k + 1] && [x(steps[k + 1].v[0]), y(steps[k + 1].loss)], spots[k]);
  add(inside, "circle", { cx: at(spots[k][0]), cy: at(spots[k][1]), r: 5.5, class: "now" });
  outside(inside, spots[k]);
  svg.setAttribute("aria-label", `Loss against ${view.names[0]}, a parabola with its least value at ${number(best)}. Step ${k}: ${where(view, [a])}, loss ${number(here)}, gradient ${number(g)}`);
}

// The loss as a function of two parameters: rings of equal loss, the path across them.
function contours(run, k) {
  const { view, steps } = run, { best, curvatures, vectors, H } = view, start = steps[0].v.map((value, j) => value - best[j]);
  const level = dot(start, times(H, start)) || 1, wrong = run.setting.bug === "broadcast";
  const middle = wrong ? view.wrongBest : best;
  const ring = (share, centre) => Array.from({ length: 73 }, (_, i) => {
    const turn = i / 36 * Math.PI, u = [Math.cos(turn), Math.sin(turn)].map((part, j) => part * share * Math.sqrt(2 * level / curvatures[j]));
    return centre.map((value, j) => value + u[0] * vectors[0][j] + u[1] * vectors[1][j]);
  });
  const outer = ring(1, best), half = [0, 1].map(j => 1.12 * Math.max(...outer.map(spot => Math.abs(spot[j] - best[j]))));
  const round = view.standardise && curvatures[1] < 1.02 * curvatures[0];
  if (round) half[0] = half[1] * (right - left) / (bottom - above); // what is a circle shall look like one
  const x = paperX(best[0] - half[0], best[0] + half[0]), y = paperY(best[1] - half[1], best[1] + half[1]);
  const { svg, inside } = sheet("bowl", x, y, view.of ? `steepest: ${view.axes[0]}` : view.names[0], view.of ? `flattest: ${view.axes[1]}` : view.names[1]);
  const to = v => [x(v[0]), y(v[1])];
  for (const share of [1, 0.75, 0.5, 0.25]) add(inside, "path", { d: lines(ring(share, middle).map(to)) + "Z", class: "ring" });
  add(inside, "path", { d: `M${at(x(best[0]) - 5)} ${at(y(best[1]))}h10m-5-5v10`, class: "answer" });
  const spots = steps.slice(0, k + 1).map(step => to(step.v));
  add(inside, "path", { d: lines(thin(spots, 400)), class: "walk" });
  for (const [px, py] of thin(spots.slice(0, -1), 60)) add(inside, "circle", { cx: at(px), cy: at(py), r: 2.4, class: "step" });
  forward(inside, steps[k + 1] && to(steps[k + 1].v), spots[k]);
  add(inside, "circle", { cx: at(spots[k][0]), cy: at(spots[k][1]), r: 5.5, class: "now" });
  outside(inside, spots[k]);
  svg.setAttribute("aria-label", `Rings of equal loss around the answer, ${round ? "circles" : "ellipses"} (curvatures ${short(curvatures[0])} and ${short(curvatures[1])}). Step ${k}: ${where(view, steps[k].v)}, loss ${number(steps[k].loss)}`);
}

function forward(parent, next, here) {
  if (next) add(parent, "path", { d: lines([here, next]), class: "next", "marker-end": "url(#tip)" });
}

function outside(parent, [px, py]) {
  if (px >= left && px <= right && py >= above - 1 && py <= bottom + 1) return;
  add(parent, "text", { x: (left + right) / 2, y: above + 26, "text-anchor": "middle", class: "note" }, "this step is outside the picture");
}

// The loss by step, on a log axis, with the runs that were pinned.
function curve(run, k, pins, shown) {
  const all = [run, ...pins], first = run.steps[0].loss || 1, floor = run.setting.bug === "broadcast" ? run.view.wrongFloor : run.view.floor;
  let low = first, high = first, last = 1;
  for (const one of all) {
    last = Math.max(last, one.steps.length - 1);
    for (const { loss } of one.steps) {
      if (loss > high && loss < 1e300) high = loss;
      if (loss > first * 1e-20 && loss < low) low = loss;
    }
  }
  const x = paperX(0, last), y = paperY(low / (low < first / 50 ? 3 : 1.3), high * 3, true);
  const { svg, inside } = sheet("curve", x, y, "step", "loss (log scale)", 7);
  if (floor > low / 3) add(inside, "line", { x1: left, x2: right, y1: at(y(floor)), y2: at(y(floor)), class: "floor" });
  pins.forEach((pin, i) => add(inside, "path", { d: lines(thin(pin.steps.map((s, j) => [x(j), y(s.loss)]), 400)), class: `pin pin${i}` }));
  add(inside, "path", { d: lines(thin(run.steps.map((s, j) => [x(j), y(s.loss)]), 400)), class: "descent" });
  add(inside, "circle", { cx: at(x(k)), cy: at(y(run.steps[k].loss)), r: 5.5, class: "now" });
  if (shown !== null) {
    const step = run.steps[shown], end = x(shown) > (left + right) / 2;
    add(inside, "line", { x1: at(x(shown)), x2: at(x(shown)), y1: above, y2: bottom, class: "cross" });
    add(inside, "circle", { cx: at(x(shown)), cy: at(y(step.loss)), r: 3.5, class: "cross" });
    const words = [`step ${shown}`, `loss ${number(step.loss)}`, ...run.view.names.map((name, j) => `${cut(name, 14)} ${number(step.v[j])}`)];
    words.forEach((line, i) => add(svg, "text", { x: at(x(shown) + (end ? -8 : 8)), y: above + 14 + 16 * i, "text-anchor": end ? "end" : "start", class: "readout" }, line));
  }
  svg.setAttribute("aria-label", `Loss by step on a log axis: ${number(first)} at the start, ${number(run.steps[k].loss)} at step ${k}, ${number(run.steps[run.steps.length - 1].loss)} at the end`);
  svg.dataset.last = last;
}

const recordedAt = setting => {
  const plain = setting.bug === "none" && !setting.batch && !setting.momentum && setting.start === null;
  return plain && viewOf(setting) === FACTS.views[0] ? FACTS.recorded.runs.find(run => run.rate === setting.rate) : undefined;
};

// How far from the answer: this page's own line, and the three rungs as they were recorded.
function engines(run, k) {
  const { setting, view, steps } = run, real = recordedAt(setting), kind = setting.float32 ? "float32" : "float64";
  const { every } = FACTS.recorded, away = v => Math.hypot(...v.map((value, j) => value - view.best[j]));
  const gaps = steps.map(step => away(step.v)), first = gaps[0] || 1;
  const found = real ? ["nn", "autograd", "numpy"].map(name => [name, recorded(real, `${kind} ${name}`)]).filter(([, path]) => path) : [];
  const ways = found.map(([name, path]) => [name, path[0].map((_, i) => away(path.map(column => column[i])))]);
  const seen = [...gaps, ...ways.flatMap(([, way]) => way)].filter(gap => gap > first * 1e-17 && gap < 1e300);
  const low = Math.min(first, ...thin(seen, 3000)), high = Math.max(first, ...thin(seen, 3000));
  const x = paperX(0, steps.length - 1), y = paperY(low / (low < first / 50 ? 3 : 1.3), high * 3, true);
  const { svg, inside } = sheet("engines", x, y, "step", "distance from the answer (log scale)", 7);
  if (real && setting.float32) add(inside, "path", { d: lines(real.numpy[0].map((_, i) => [x(i * every), y(away(real.numpy.map(c => c[i])))])), class: "double" });
  add(inside, "path", { d: lines(thin(gaps.map((gap, i) => [x(i), y(gap)]), 400)), class: "descent" });
  for (const [name, way] of ways) way.forEach((gap, i) => { if (i * every < steps.length) marker(inside, name, x(i * every), y(gap)); });
  add(inside, "line", { x1: at(x(k)), x2: at(x(k)), y1: above, y2: bottom, class: "cross" });
  svg.setAttribute("aria-label", `Distance from the answer by step: ${number(gaps[0])} at the start, ${number(gaps[k])} at step ${k}` + (ways.length ? `; ${ways.map(([name]) => name).join(", ")} recorded in ${kind}` : ""));
  byId("agreement").textContent = agreement(setting, real, found.length, steps);
}

const small = value => value.toExponential(1);

function agreement(setting, real, rungs, steps) {
  const { every, disagreement, disagreement32, parting } = FACTS.recorded;
  if (!real) return `The rungs were run as the page opened, at ${FACTS.rates.map(rate => short(rate)).join(", ")}: Reset, or look closer at one of these rates, and they stand on this line.`;
  let most = 0, size = 0;
  for (let i = 0; i < real.numpy[0].length && i * every < steps.length; i++) steps[i * every].v.forEach((value, j) => {
    size = Math.max(size, Math.abs(real.numpy[j][i]));
    most = Math.max(most, Math.abs(value - real.numpy[j][i]) / (size || 1));
  });
  const [kind, apart] = setting.float32 ? ["float32", disagreement32] : ["float64", disagreement];
  const torch = rungs > 1
    ? `Largest difference between the three rungs, over all four rates: ${small(apart)} (${kind}, relative).`
    : "Where this page was written PyTorch was not installed: of the rungs only NumPy ran.";
  return setting.float32
    ? `${torch} float32 leaves float64, the thin line, by up to ${small(parting)}.`
    : `${torch} This page against NumPy at this rate: ${most ? small(most) : "not a bit"}.`;
}

function numbers(run, k) {
  const { view, steps } = run, table = byId("numbers"), head = document.createElement("thead"), body = document.createElement("tbody");
  const row = (parent, cells, tag) => {
    const tr = parent.appendChild(document.createElement("tr"));
    cells.forEach((cell, i) => {
      const node = tr.appendChild(document.createElement(i && tag !== "th" ? "td" : "th"));
      node.textContent = cell;
      if (node.tagName === "TH") node.scope = tag === "th" ? "col" : "row";
    });
    return tr;
  };
  row(head, ["step", ...view.names.map(name => cut(name, 22)), "loss", ...view.names.map(name => `gradient ${cut(name, 16)}`)], "th");
  const last = steps.length - 1, shown = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, last, k].filter(i => i <= last);
  for (const i of [...new Set(shown)].sort((p, q) => p - q)) {
    const { v, loss, gradient } = steps[i];
    const tr = row(body, [i, ...v.map(number), number(loss), ...gradient.map(number)]);
    if (i === k) tr.setAttribute("aria-current", "step");
  }
  table.caption.textContent = "Before each update: where it stands, the loss there, and its gradient.";
  table.replaceChildren(table.caption, head, body);
}

// Below the slider: where these data have their one-step rate and their limit.
function rateBar(setting, view, low, high) {
  const svg = byId("zones"), limit = limitOf(setting, view), steepest = view.curvatures[view.curvatures.length - 1];
  const x = rate => clamp((Math.log10(rate * steepest) - low) / (high - low), 0, 1) * 300;
  svg.replaceChildren();
  const safe = x(Math.max(limit, 1e-300));
  add(svg, "rect", { x: 0, y: 0, width: at(safe), height: 5, class: "safe" });
  add(svg, "rect", { x: at(safe), y: 0, width: at(300 - safe), height: 5, class: "unsafe" });
  for (const [words, rate, end] of [["1/L", 1 / steepest, "end"], ["2/L", 2 / steepest, "start"]]) {
    add(svg, "line", { x1: at(x(rate)), x2: at(x(rate)), y1: -3, y2: 9, class: "mark" });
    add(svg, "text", { x: at(x(rate) + (end === "end" ? 3 : -3)), y: 23, "text-anchor": end }, end === "end" ? `1/L = ${short(rate)}` : `2/L = ${short(rate)}`);
  }
}
