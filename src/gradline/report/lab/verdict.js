// One sentence on what happens and why, from the rate, the curvatures and the bug. The plain ones are verdict.py's too.

const SOLVED = 0.001, CRAWLS = 0.5, ALIKE = 1e-6, FEW_STEPS = 10;

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

function plainVerdict(setting, view) {
  const rate = setting.rate * lengthOf(setting), m = setting.momentum, limit = limitOf(setting, view);
  const [c, ...more] = view.curvatures, steep = more[0] || c, one = steep - c <= ALIKE * steep;
  const [flattest, steepest = flattest] = view.directions, along = one ? "" : ` along ${steepest}`;
  const slow = factorOf(rate, c, m), fast = factorOf(rate, steep, m), [f, g] = [fast.value, slow.value];
  const worst = Math.abs(f) > Math.abs(g) ? fast : slow, bound = short(limit);
  if (Math.abs(setting.rate / limit - 1) <= ALIKE) return `Bounces for ever${along}: the rate is at the limit, ${bound}.`;
  if (f < -1)
    return `Diverges${along}: each step multiplies the error${one ? "" : " there"} by ${factorText(f)}; the limit is ` +
      `${bound}, and the rate is ${short(setting.rate / limit)} times that.`;
  if (Math.abs(worst.value) < SOLVED) return "One step lands on the answer.";
  if (worst.turns)
    return "Swings in: momentum carries it past the answer and back, and each step leaves about " +
      `${factorText(worst.value)} of the error; the limit is ${bound}.`;
  if (one && f < 0) return `Overshoots but converges: each step multiplies the error by ${factorText(f)}.`;
  if (one)
    return `${f >= CRAWLS ? "Crawls" : "Converges"}: each step leaves ${factorText(f)} of the error; the ` +
      (m ? `limit is ${bound}.` : `one-step rate is ${short(1 / steep / lengthOf(setting))}.`);
  if (-f > g)
    return `Overshoots but converges: each step multiplies the error${along} by ${factorText(f)}, ` +
      `and leaves ${factorText(g)} of it along ${flattest}.`;
  const beside = Math.abs(f) < SOLVED ? "one step suffices"
    : f < 0 ? `it multiplies the error by ${factorText(f)}` : `it leaves ${factorText(f)}`;
  return `${g >= CRAWLS ? "Crawls" : "Converges"} along ${flattest}: each step leaves ${factorText(g)} of the error there; ` +
    `along ${steepest}, which sets the limit of ${bound}, ${beside}.`;
}

const count = rows => rows.toLocaleString("en");
const also = (sentence, more) => sentence.replace(/\.$/, `; ${more}.`);

// Nothing crashes, and that is the trouble: each bug says what is seen and what it does.
const BUGGY = {
  none: ({ setting, view }) => plainVerdict(setting, view),

  zero_grad({ setting, view, steps }) {
    const limit = limitOf(setting, view), piles = "without zero_grad old gradients pile up";
    if (setting.momentum) return `Diverges: ${piles}, and momentum feeds the swing; no rate is small enough.`;
    if (setting.rate >= limit)
      return `Diverges: without zero_grad the limit is ${short(limit)}, and the rate is ` +
        `${short(setting.rate / limit)} times that.`;
    const steepest = view.curvatures[view.curvatures.length - 1];
    const swing = 2 * Math.PI / Math.acos(1 - setting.rate * steepest / 2); // in steps: e'' = (2 - rc) e' - e
    if (!(swing < steps.length))
      return `Never settles: ${piles}, so it swings past the answer and back for ever, ` +
        `${swing < 1e7 ? count(Math.round(swing)) : "over 10,000,000"} steps a swing, and a low loss on the way means nothing.`;
    const seen = steps.map(step => step.v[0]).filter(Number.isFinite), ends = [Math.min(...seen), Math.max(...seen)];
    const size = Math.max(...ends.map(Math.abs)), cents = size > 0.1 && size < 1e4;
    const [low, high] = ends.map(value => (cents ? value.toFixed(2) : short(value)));
    return `Never settles: ${piles}, so ${view.names[0]} swings between ${low} and ${high} for ever, and a low loss on the ` +
      "way means nothing.";
  },

  broadcast({ setting, view }) {
    const n = count(FACTS.rows), plain = plainVerdict(setting, view);
    if (setting.rate >= limitOf(setting, view)) return also(plain, `the bug, ${n} x ${n} differences for ${n}, comes on top`);
    const wrong = view.names.map((name, j) => `${name} = ${short(view.wrongBest[j], 5)}, not ${short(view.best[j], 5)}`);
    return `Settles on the wrong answer: (n, 1) against (n,) averages ${n} x ${n} differences, so it goes to ` +
      `${wrong.join("; ")}, at loss ${short(view.wrongFloor, 5)}${view.of ? " in this slice" : ""}, and nothing crashes.`;
  },

  missing_2: run => otherLength(run, "without the 2 every step is half as long"),
  sum: run => otherLength(run, `a sum instead of the mean makes every step ${count(lengthOf(run.setting))} times as long`),
};

function otherLength({ setting, view }, why) {
  const [limit, sound] = [setting, { ...setting, bug: "none" }].map(one => short(limitOf(one, view)));
  return also(plainVerdict(setting, view), `${why}, so the limit is ${limit} instead of ${sound}`);
}

// Batches pull each to an answer of their own: told by what is seen, and by the row that pulls hardest.
function noisyVerdict({ setting, view, steps }) {
  const first = steps[0].loss, tail = steps.slice(steps.length / 2).map(step => step.loss), high = Math.max(...tail);
  const who = setting.batch === 1 ? "single rows" : `batches of ${setting.batch}`;
  const harmless = setting.bug === "broadcast" && !againstEach(setting);
  const bug = setting.bug === "none" ? "" : harmless ? " (a single row is no n x n: the bug does nothing)"
    : ` (with the bug ${setting.bug})`;
  if (!(high < 100 * Math.max(first, 1e-300))) return `Diverges${bug}: ${who} ${tooHard(setting, view)}.`;
  if (steps.length <= FEW_STEPS)
    return `Too early to tell${bug}: ${steps.length - 1} steps of ${who}; the loss went from ${short(first)} to ` +
      `${short(steps[steps.length - 1].loss)}.`;
  const floor = floorOf({ setting, view }), [before, after] = [tail.slice(0, tail.length / 2), tail.slice(tail.length / 2)];
  const end = short(tail[tail.length - 1]), least = `the least there is is ${short(floor)}`;
  if (floor <= 1e-12 * first && tail[tail.length - 1] > 0.01 * first)
    return `Still far off${bug}: ${who} agree on the answer here, because every row lies on the line; the loss ends at ${end}.`;
  if (floor <= 1e-12 * first)
    return `Converges unevenly${bug}: ${who} agree on the answer here, because every row lies on the line; the loss ends ` +
      `at ${end}.`;
  if (mean(after) - floor < 0.8 * (mean(before) - floor))
    return `Still falling, unevenly${bug}: ${who} pull each to an answer of their own; the loss ends at ${end}, ${least}.`;
  return `Jitters${bug}: ${who} pull each to an answer of their own, so the loss stays between ${short(Math.min(...tail))} ` +
    `and ${short(high)}; ${least}.`;
}

// A row z alone has the curvature 2 |z|^2: up to its limit, 1 / |z|^2, it throws the line no farther off.
function tooHard(setting, view) {
  if (setting.bug === "zero_grad") return "pile their gradients up, each on those of all before";
  if (setting.momentum) return "pull too hard for this rate and this momentum together";
  const { columns } = rowsOf(view, false), sizes = everyRow.map(i => columns.reduce((sum, c) => sum + c[i] * c[i], 0));
  const safe = 1 / Math.max(...sizes) / lengthOf(setting);
  return `pull too hard at this rate; below ${short(safe)}, set by the largest row, none of them can`;
}

const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
const floorOf = ({ setting, view }) => (againstEach(setting) ? view.wrongFloor : view.floor);
const verdict = run => (run.setting.batch ? noisyVerdict(run) : BUGGY[run.setting.bug](run));
