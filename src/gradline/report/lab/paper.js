// Paper to draw on: axes, curves and words as SVG, without a library. Words are set as text, never as markup.

const PAPER = { width: 460, height: 320, left: 58, right: 446, top: 28, bottom: 276 };
const byId = id => document.getElementById(id);

function add(parent, name, attributes, words) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (words !== undefined) node.textContent = words;
  return parent.appendChild(node);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const at = value => clamp(Number.isNaN(value) ? -5e3 : value, -5e3, 5e3).toFixed(1); // what is no number any more is far up
const lines = points => points.map(([x, y], i) => (i ? "L" : "M") + at(x) + " " + at(y)).join("");

function scale(low, high, from, to, log) {
  const inner = log ? value => Math.log10(Math.max(value, 1e-300)) : same;
  const a = inner(low), b = inner(high);
  const place = value => from + (inner(value) - a) / (b - a) * (to - from);
  place.back = spot => a + (spot - from) / (to - from) * (b - a);
  return Object.assign(place, { low, high, log });
}

function ticks(axis, most) {
  if (axis.log) {
    const first = Math.ceil(Math.log10(axis.low) - 1e-9), last = Math.floor(Math.log10(axis.high) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first) / most)), found = [];
    if (last - first < 2) return roundNumbers(first - 1, last, axis);
    for (let power = Math.ceil(first / step) * step; power <= last; power += step) found.push(Number(`1e${power}`));
    return found;
  }
  const rough = (axis.high - axis.low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * 0.999), found = [];
  for (let k = Math.ceil(axis.low / step - 1e-9); k * step <= axis.high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

// Within a decade or two 1, 2 and 5 of each.
function roundNumbers(first, last, axis) {
  const found = [];
  for (let power = first; power <= last; power++) for (const m of [1, 2, 5]) found.push(Number(`${m}e${power}`));
  return found.filter(value => value >= axis.low && value <= axis.high);
}

const RAISED = { "-": "\u207b", 0: "\u2070", 1: "\u00b9", 2: "\u00b2", 3: "\u00b3", 4: "\u2074", 5: "\u2075", 6: "\u2076", 7: "\u2077", 8: "\u2078", 9: "\u2079" };

function tickText(value, log) {
  const power = Math.round(Math.log10(Math.abs(value)));
  if (log && (power < -3 || power > 4) && value === Number(`1e${power}`)) return "10" + [...String(power)].map(c => RAISED[c]).join("");
  const size = Math.abs(value);
  if (value && (size >= 1e6 || size < 1e-3)) return value.toExponential(size >= 1e6 ? 1 : 0).replace("e+", "e").replace(".0e", "e");
  return Number(value.toPrecision(6)).toLocaleString("en");
}

// A fresh sheet: grid, tick labels, names of the axes, and a part that is cut off at the frame.
function sheet(id, x, y, xName, yName, slack = 0) {
  const svg = byId(id), { left, right, top, bottom, height } = PAPER;
  svg.replaceChildren();
  for (const value of ticks(y, 5)) {
    add(svg, "line", { x1: left, x2: right, y1: at(y(value)), y2: at(y(value)), class: "grid" });
    add(svg, "text", { x: left - 10, y: at(y(value) + 4), "text-anchor": "end" }, tickText(value, y.log));
  }
  for (const value of ticks(x, 6)) {
    add(svg, "text", { x: at(x(value)), y: bottom + 18, "text-anchor": "middle" }, tickText(value, x.log));
    add(svg, "line", { x1: at(x(value)), x2: at(x(value)), y1: bottom, y2: bottom + 4, class: "axis" });
  }
  add(svg, "line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "axis" });
  add(svg, "text", { x: right, y: height - 6, "text-anchor": "end", class: "name" }, cut(xName, 44));
  add(svg, "text", { x: 4, y: 12, class: "name" }, cut(yName, 44));
  const inside = add(add(svg, "svg", { x: left - slack, y: top - slack, width: right - left + 2 * slack, height: bottom - top + 2 * slack }), "g",
    { transform: `translate(${slack - left} ${slack - top})` });
  return { svg, inside };
}

const cut = (words, most) => (words.length > most ? words.slice(0, most - 1) + "\u2026" : words);
const paperX = (low, high, log) => scale(low, high, PAPER.left, PAPER.right, log);
const paperY = (low, high, log) => scale(low, high, PAPER.bottom, PAPER.top, log);

// At most so many of them, the first and the last included: a path of ten thousand steps is no prettier in full.
function thin(items, most) {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => items[Math.round(i * step)]);
}

// The shapes of the three rungs; they fit into each other, so that agreement is seen too.
function marker(parent, shape, x, y) {
  const size = { numpy: 3.2, autograd: 5, nn: 6.5 }[shape];
  if (shape === "numpy") return add(parent, "circle", { cx: at(x), cy: at(y), r: size, class: "numpy" });
  if (shape === "autograd") return add(parent, "path", { d: `M${at(x - size)} ${at(y - size)}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`, class: "autograd" });
  return add(parent, "rect", { x: at(x - size), y: at(y - size), width: 2 * size, height: 2 * size, class: "nn" });
}
