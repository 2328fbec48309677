// Paper to draw on: axes, curves and words as SVG, without a library. Words are set as text, never as markup.

const PAPER = { width: 460, height: 320 };
const [left, right, above, bottom] = [58, 446, 28, 276];

const byId = id => document.getElementById(id);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const cut = (words, most) => ([...words].length > most ? [...words].slice(0, most - 1).join("") + "\u2026" : words);

function add(parent, name, attributes, words) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (words !== undefined) node.textContent = words;
  return parent.appendChild(node);
}

// A place as text; what is no number any more is far up.
const at = value => clamp(Number.isNaN(value) ? -5e3 : value, -5e3, 5e3).toFixed(1);
const joined = points => points.map(([x, y], i) => (i ? "L" : "M") + at(x) + " " + at(y)).join("");

const trace = (parent, points, kind) => add(parent, "path", { d: joined(points), class: kind });
const spot = (parent, [x, y], r, kind) => add(parent, "circle", { cx: at(x), cy: at(y), r, class: kind });
const rule = (parent, [x1, y1], [x2, y2], kind) =>
  add(parent, "line", { x1: at(x1), y1: at(y1), x2: at(x2), y2: at(y2), class: kind });
const write = (parent, words, [x, y], anchor, kind = "") =>
  add(parent, "text", { x: at(x), y: at(y), "text-anchor": anchor, class: kind }, words);

const outside = (parent, what) =>
  write(parent, `${what} outside the picture`, [(left + right) / 2, above + 26], "middle", "note");

// At most so many of them, the first and the last included: a path of ten thousand steps is no prettier in full.
function thin(items, most) {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => items[Math.round(i * step)]);
}

// ---- scales

function scale(low, high, from, to, log) {
  const inner = log ? value => Math.log10(Math.max(value, 1e-300)) : same;
  const a = inner(low), b = inner(high);
  const place = value => from + (inner(value) - a) / (b - a) * (to - from);
  place.back = spot => a + (spot - from) / (to - from) * (b - a);
  return Object.assign(place, { low, high, log });
}

const across = (low, high) => scale(low, high, left, right);
const upward = (low, high, log) => scale(low, high, bottom, above, log);

function ticks(axis, most) {
  return axis.log ? powers(axis, most) : rounds(axis, most);
}

function rounds(axis, most) {
  const rough = (axis.high - axis.low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * 0.999), found = [];
  for (let k = Math.ceil(axis.low / step - 1e-9); k * step <= axis.high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

// Powers of ten; within a decade or two 1, 2 and 5 times each.
function powers(axis, most) {
  const first = Math.ceil(Math.log10(axis.low) - 1e-9), last = Math.floor(Math.log10(axis.high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / most)), close = last - first < 2, found = [];
  const begin = close ? first - 1 : Math.ceil(first / step) * step;
  for (let power = begin; power <= last; power += step)
    for (const m of close ? [1, 2, 5] : [1]) found.push(Number(`${m}e${power}`));
  return found.filter(value => value >= axis.low * 0.999 && value <= axis.high * 1.001);
}

const SUPERSCRIPTS = "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
const raised = power => [...String(power)].map(c => SUPERSCRIPTS["-0123456789".indexOf(c)]).join("");

const thousands = new Intl.NumberFormat("en", { maximumFractionDigits: 9 }); // made once: making it is what takes time
const grouped = value => thousands.format(value);

// All the labels of an axis in one style, and short: 500k, 2M, 3e9; on a log axis 2 \u00b7 10\u2075.
function tickTexts(values, log) {
  const size = Math.max(...values.map(Math.abs));
  if (log) return size >= 1e5 || Math.min(...values) < 1e-3 ? values.map(powerText) : values.map(grouped);
  const power = Math.floor(Math.log10(size)), far = size >= 1e9 || size && size < 1e-3;
  const [unit, mark] = far ? [10 ** power, `e${power}`] : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
  const step = Math.abs(values[1] - values[0]) / unit || 1, decimals = clamp(Math.ceil(-Math.log10(step) - 1e-9), 0, 9);
  return values.map(value => (value ? grouped(Number((value / unit).toFixed(decimals))) + mark : "0"));
}

function powerText(value) {
  const power = Math.floor(Math.log10(value) + 1e-9), times = Math.round(value / Number(`1e${power}`));
  return `${times > 1 ? `${times}\u00b7` : ""}10${raised(power)}`;
}

// What is too wide for its place even so is drawn closer together: no digit and no sign may be cut off.
function label(svg, words, [x, y], anchor, most) {
  const wide = Math.min(7.6 * words.length, most), half = anchor === "end" ? 0 : wide / 2;
  const text = write(svg, words, [clamp(x, half, PAPER.width - half - 1), y], anchor);
  if (7.6 * words.length > most) {
    text.setAttribute("textLength", most);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

// ---- a fresh sheet: grid, tick labels, names of the axes, and a part that is cut off at the frame

function sheet(id, x, y, xName, yName, slack = 0) {
  const svg = byId(id);
  svg.replaceChildren();
  const heights = ticks(y, 5), places = ticks(x, 6), [beside, below] = [tickTexts(heights, y.log), tickTexts(places, x.log)];
  heights.forEach((value, i) => {
    rule(svg, [left, y(value)], [right, y(value)], "grid");
    label(svg, beside[i], [left - 8, y(value) + 4], "end", left - 10);
  });
  places.forEach((value, i) => {
    rule(svg, [x(value), bottom], [x(value), bottom + 4], "axis");
    label(svg, below[i], [x(value), bottom + 18], "middle", (right - left) / places.length - 8);
  });
  rule(svg, [left, bottom], [right, bottom], "axis");
  write(svg, cut(xName, 44), [right, PAPER.height - 6], "end", "name");
  write(svg, cut(yName, 44), [4, 14], "start", "name");
  const frame = add(svg, "svg", {
    x: left - slack, y: above - slack, width: right - left + 2 * slack, height: bottom - above + 2 * slack,
  });
  return { svg, inside: add(frame, "g", { transform: `translate(${slack - left} ${slack - above})` }) };
}

// The shapes of the three rungs; they fit into each other, so that agreement is seen too.
function marker(parent, rung, x, y) {
  if (rung === "numpy") return spot(parent, [x, y], 3.2, "numpy");
  if (rung === "autograd") return add(parent, "path", { d: `M${at(x - 5)} ${at(y - 5)}l10 10m0 -10l-10 10`, class: "autograd" });
  return add(parent, "rect", { x: at(x - 6.5), y: at(y - 6.5), width: 13, height: 13, class: "nn" });
}
