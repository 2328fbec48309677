// What goes on from step to step: the loss, and the distance from the answer beside the recorded rungs. Log axes both.

// From the least to the largest that can be shown; what is beyond all measure of the first is left out.
function stretch(values, first) {
  let low = first, high = first;
  for (const value of values) {
    if (value > high && value < 1e300) high = value;
    if (value < low && value > first * 1e-20) low = value;
  }
  return [low / (low < first / 50 ? 3 : 1.3), high * 3];
}

function curve(run, k, pins, shown) {
  const { steps } = run, all = [run, ...pins], first = steps[0].loss || 1;
  const last = Math.max(...all.map(one => one.steps.length - 1));
  const x = across(0, last), y = upward(...stretch(all.flatMap(one => one.steps.map(step => step.loss)), first), true);
  const { svg, inside } = sheet("curve", x, y, "step", "loss (log scale)", 7);
  const draw = (one, kind) => trace(inside, thin(one.steps.map((step, i) => [x(i), y(step.loss)]), 400), kind);
  if (floorOf(run) > y.low) rule(inside, [left, y(floorOf(run))], [right, y(floorOf(run))], "floor");
  pins.forEach((pin, i) => draw(pin, `pin pin${i}`));
  draw(run, "descent");
  spot(inside, [x(k), y(steps[k].loss)], 5.5, "now");
  if (shown !== null && shown < steps.length) readout(svg, inside, run, shown, x, y);
  svg.dataset.last = last;
  svg.setAttribute("aria-label", `Loss by step on a log axis: ${number(steps[0].loss)} at the start, ` +
    `${number(steps[k].loss)} at step ${k}, ${number(steps[steps.length - 1].loss)} at the end`);
}

function readout(svg, inside, { view, steps }, i, x, y) {
  const { loss, v } = steps[i], [px, anchor] = x(i) > (left + right) / 2 ? [x(i) - 8, "end"] : [x(i) + 8, "start"];
  rule(inside, [x(i), above], [x(i), bottom], "cross");
  spot(inside, [x(i), y(loss)], 3.5, "cross");
  const said = [`step ${i}`, `loss ${number(loss)}`, ...view.names.map((name, j) => `${cut(name, 14)} ${number(v[j])}`)];
  said.forEach((words, j) => write(svg, words, [px, above + 14 + 16 * j], anchor, "readout"));
}

// The rungs ran as the page opens: at four rates, from its start, without a bug.
function recordedFor(setting, view) {
  const plain = setting.bug === "none" && !setting.batch && !setting.momentum && setting.start === null;
  return plain && view === FACTS.views[0] ? FACTS.recorded.runs.find(run => run.rate === setting.rate) : undefined;
}

function engines(run, k) {
  const { setting, view, steps } = run, { every } = FACTS.recorded, real = recordedFor(setting, view);
  const away = v => Math.hypot(...v.map((value, j) => value - view.best[j]));
  const way = path => path[0].map((_, i) => away(path.map(column => column[i])));
  const gaps = steps.map(step => away(step.v)), kind = setting.float32 ? "float32" : "float64";
  const rungs = real ? ["nn", "autograd", "numpy"].filter(name => recorded(real, `${kind} ${name}`)) : [];
  const ways = rungs.map(name => way(recorded(real, `${kind} ${name}`)));
  const x = across(0, steps.length - 1), y = upward(...stretch([gaps, ...ways].flat(), gaps[0] || 1), true);
  const { svg, inside } = sheet("engines", x, y, "step", "distance from the answer (log scale)", 7);
  if (real && setting.float32) trace(inside, way(real.numpy).map((gap, i) => [x(i * every), y(gap)]), "double");
  trace(inside, thin(gaps.map((gap, i) => [x(i), y(gap)]), 400), "descent");
  ways.forEach((gaps, j) => gaps.forEach((gap, i) => {
    if (i * every < steps.length) marker(inside, rungs[j], x(i * every), y(gap));
  }));
  rule(inside, [x(k), above], [x(k), bottom], "cross");
  byId("agreement").textContent = agreement(setting, real, rungs.length, steps);
  svg.setAttribute("aria-label", `Distance from the answer by step: ${number(gaps[0])} at the start, ${number(gaps[k])} ` +
    `at step ${k}` + (rungs.length ? `; ${rungs.join(", ")} recorded in ${kind}` : ""));
}

function agreement(setting, real, rungs, steps) {
  const { disagreement, disagreement32, parting } = FACTS.recorded;
  if (!real) return `The rungs were run as the page opens, at ${FACTS.rates.map(rate => short(rate)).join(", ")}: ` +
    "Reset, or look closer at one of these rates, and they stand on this line.";
  const [kind, apart] = setting.float32 ? ["float32", disagreement32] : ["float64", disagreement];
  const torch = rungs > 1
    ? `Largest difference between the three rungs, over all four rates: ${small(apart)} (${kind}, relative).`
    : "Where this page was written PyTorch was not installed, or not asked for: of the rungs only NumPy ran.";
  if (setting.float32) return `${torch} float32 leaves float64, the dashed line, by up to ${small(parting)}.`;
  const most = apartFrom(real, steps);
  return `${torch} This page against NumPy at this rate: ${most ? small(most) : "not a bit"}.`;
}

// This page's own path against the recorded one, relative to the largest parameter so far.
function apartFrom(real, steps) {
  const { every } = FACTS.recorded;
  let most = 0, size = 0;
  for (let i = 0; i < real.numpy[0].length && i * every < steps.length; i++)
    steps[i * every].v.forEach((value, j) => {
      size = Math.max(size, Math.abs(real.numpy[j][i]));
      most = Math.max(most, Math.abs(value - real.numpy[j][i]) / (size || 1));
    });
  return most;
}

// Below the slider: where these data have their one-step rate and their limit, and from where this setting diverges.
function rateBar(setting, view) {
  const svg = byId("zones"), steepest = view.curvatures[view.curvatures.length - 1], width = 300;
  const x = rate => clamp((Math.log10(rate * steepest) - SLIDER.low) / (SLIDER.high - SLIDER.low), 0, 1) * width;
  const safe = x(Math.max(limitOf(setting, view), 1e-300));
  svg.replaceChildren();
  rule(svg, [0, 2.5], [safe, 2.5], "safe");
  rule(svg, [safe, 2.5], [width, 2.5], "unsafe");
  for (const [words, rate, anchor, nudge] of [["1/L", 1 / steepest, "end", 3], ["2/L", 2 / steepest, "start", -3]]) {
    rule(svg, [x(rate), -3], [x(rate), 9], "mark");
    write(svg, `${words} = ${short(rate)}`, [x(rate) + nudge, 23], anchor);
  }
}
