// One sentence on what happens and why, from the rate, the curvatures and the bug. The plain ones are verdict.py's too.

const SOLVED = 0.001, CRAWLS = 0.5, ALIKE = 1e-6;

// So many significant digits.
function short(value, digits = 4) {
  const rounded = Number(value.toPrecision(digits)), size = Math.abs(rounded);
  if (!Number.isFinite(rounded)) return String(value);
  if (rounded && (size < 1e-5 || size >= 1e7)) return rounded.toExponential().replace("e+", "e");
  return String(rounded);
}

// As many decimals as it takes to see that it is not one.
function factorText(f) {
  let decimals = f >= 0 ? 4 : 3;
  const gap = Math.abs(1 - Math.abs(f));
  if (f > 0 && f < 1 && gap < 1e-6) return `all but ${short(gap, 2)}`;
  if (gap > 0 && gap < 0.5 * 10 ** -decimals) decimals = Math.min(15, Math.ceil(-Math.log10(gap)));
  return Math.abs(f) < 1e6 ? f.toFixed(decimals) : f.toExponential(3).replace("e+", "e");
}

// A bug that only changes the length of a step is a rate of its own.
const lengthOf = setting =>
  setting.bug === "missing_2" ? 0.5 : setting.bug === "sum" ? setting.batch || FACTS.rows : 1;

// The rate that a full-batch descent of this setting must stay below.
function limitOf(setting, view) {
  const steepest = view.curvatures[view.curvatures.length - 1];
  if (setting.bug === "zero_grad") return setting.momentum ? 0 : 4 / steepest;
  return 2 * (1 + setting.momentum) / steepest / lengthOf(setting);
}

// What a step multiplies the error by in the long run, along a direction of curvature c. With momentum m:
// e'' = (1 + m - rc) e' - m e; where that turns (complex roots), its size is sqrt(m).
function factorOf(rate, c, m) {
  if (!m) return { value: 1 - rate * c, turns: false };
  const middle = 1 + m - rate * c, under = middle * middle - 4 * m;
  if (under < 0) return { value: Math.sqrt(m), turns: true };
  return { value: (middle + Math.sign(middle || 1) * Math.sqrt(under)) / 2, turns: false };
}

function plainVerdict(setting, view, name) {
  const rate = setting.rate * lengthOf(setting), m = setting.momentum, [flat] = view.curvatures;
  const last = view.curvatures.length - 1, steep = view.curvatures[last];
  const one = steep - flat <= ALIKE * steep, limit = limitOf(setting, view);
  const slow = factorOf(rate, flat, m), fast = factorOf(rate, steep, m);
  const along = one ? "" : ` along ${name(last)}`, there = one ? "" : " there";
  if (Math.abs(setting.rate / limit - 1) <= ALIKE) return `Bounces for ever${along}: the rate is at the limit, ${short(limit)}.`;
  if (fast.value < -1) return `Diverges${along}: each step multiplies the error${there} by ${factorText(fast.value)}; ` +
    `the limit is ${short(limit)}, and the rate is ${short(setting.rate / limit)} times that.`;
  if (Math.max(Math.abs(slow.value), Math.abs(fast.value)) < SOLVED) return "One step lands on the answer.";
  const worst = Math.abs(fast.value) > Math.abs(slow.value) ? fast : slow;
  if (worst.turns) return `Swings in: momentum carries it past the answer and back, and each step leaves about ` +
    `${factorText(worst.value)} of the error; the limit is ${short(limit)}.`;
  if (one && fast.value < 0) return `Overshoots but converges: each step multiplies the error by ${factorText(fast.value)}.`;
  if (one) return `${fast.value >= CRAWLS ? "Crawls" : "Converges"}: each step leaves ${factorText(fast.value)} of the error; ` +
    (m ? `the limit is ${short(limit)}.` : `the one-step rate is ${short(1 / steep / lengthOf(setting))}.`);
  if (-fast.value > slow.value) return `Overshoots but converges: each step multiplies the error${along} by ` +
    `${factorText(fast.value)} (along ${name(0)} ${factorText(slow.value)}).`;
  const beside = Math.abs(fast.value) < SOLVED ? "one step suffices" : factorText(fast.value);
  return `${slow.value >= CRAWLS ? "Crawls" : "Converges"} along ${name(0)}: each step leaves ${factorText(slow.value)} ` +
    `of the error there (along ${name(last)} ${beside}); the limit, set by ${name(last)}, is ${short(limit)}.`;
}

// Nothing crashes, and that is the trouble: each bug says what is seen and what it does.
function buggyVerdict(run, name) {
  const { setting, view, steps } = run, limit = limitOf(setting, view), plain = plainVerdict(setting, view, name);
  const sound = limitOf({ ...setting, bug: "none" }, view);
  if (setting.bug === "zero_grad") {
    if (setting.momentum) return "Diverges: without zero_grad every old gradient pulls again at each step, and momentum " +
      "feeds the swing; no rate is small enough.";
    if (setting.rate >= limit) return `Diverges: without zero_grad the limit is ${short(limit)}, and the rate is ` +
      `${short(setting.rate / limit)} times that.`;
    const seen = steps.map(step => step.v[0]).filter(Number.isFinite), low = Math.min(...seen), high = Math.max(...seen);
    return `Never settles: without zero_grad old gradients pile up, so ${view.names[0]} swings between ${low.toFixed(2)} ` +
      `and ${high.toFixed(2)} for ever, and a low loss on the way means nothing.`;
  }
  if (setting.bug === "broadcast") {
    const n = `${FACTS.rows.toLocaleString("en")} x ${FACTS.rows.toLocaleString("en")}`;
    if (setting.rate > limit) return plain.replace(/\.$/, `; the bug, ${n} differences for ${FACTS.rows.toLocaleString("en")}, comes on top.`);
    const where = view.names.map((axis, j) => `${axis} = ${short(view.wrongBest[j], 5)}, not ${short(view.best[j], 5)}`).join("; ");
    return `Settles on the wrong answer: (n, 1) against (n,) averages ${n} differences, so it goes to ${where}, at loss ` +
      `${short(view.wrongFloor, 5)}, and nothing crashes.`;
  }
  const cause = setting.bug === "sum"
    ? `a sum instead of the mean makes every step ${FACTS.rows.toLocaleString("en")} times as long`
    : "without the 2 every step is half as long";
  return plain.replace(/\.$/, `; ${cause}, so the limit is ${short(limit)} instead of ${short(sound)}.`);
}

// Batches pull each to an answer of their own: told by what is seen, and by the row that pulls hardest.
function noisyVerdict(run) {
  const { setting, view, steps } = run, rows = rowsOf(view, false);
  const hardest = everyRow.reduce((most, i) => Math.max(most, rows.columns.reduce((s, c) => s + c[i] * c[i], 0)), 0);
  const tail = steps.slice(Math.floor(steps.length / 2)).map(step => step.loss), first = steps[0].loss;
  const low = Math.min(...tail), high = Math.max(...tail), floor = setting.bug === "broadcast" ? view.wrongFloor : view.floor;
  const size = setting.batch === 1 ? "Single rows" : `Batches of ${setting.batch}`;
  const safe = short(1 / hardest / lengthOf(setting));
  if (!(high < 100 * Math.max(first, 1e-300))) return `Diverges: ${size.toLowerCase()} pull too hard at this rate; below ` +
    `${safe}, set by the largest row, none of them can.`;
  const bug = setting.bug === "none" ? "" : ` (with the bug ${setting.bug})`;
  if (floor <= 1e-12 * first) return `Converges unevenly${bug}: ${size.toLowerCase()} agree on the answer here, because every ` +
    `row lies on the line; the loss is now ${short(tail[tail.length - 1])}.`;
  return `Jitters${bug}: ${size.toLowerCase()} pull each to an answer of their own, so the loss stays between ` +
    `${short(low)} and ${short(high)}; the least there is is ${short(floor)}.`;
}

function verdict(run) {
  const name = j => run.view.directions[j], { setting } = run;
  if (setting.batch) return noisyVerdict(run);
  return setting.bug === "none" ? plainVerdict(setting, run.view, name) : buggyVerdict(run, name);
}
