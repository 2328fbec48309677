// The points, the line through them and its residuals; of several features, the target against its prediction.

const alone = FACTS.p === 1;
const few = everyRow.length <= 12;

// A little more than the values take; from zero, where they come near to it.
function room(values) {
  let low = Math.min(...values), high = Math.max(...values);
  if (low > 0 && low < 0.4 * high) low = 0;
  const more = 0.08 * (high - low) || Math.abs(high) || 1;
  return [low === 0 ? 0 : low - more, high + more];
}

const yRoom = room(FACTS.points.y), xRoom = alone ? room(FACTS.points.x) : yRoom;

function line(run, k) {
  const { view, steps } = run, { v, loss } = steps[k], x = across(...xRoom), y = upward(...yRoom);
  const held = document.activeElement?.dataset.grip; // the focus goes when the sheet is cleared
  const { svg, inside } = sheet("scatter", x, y, alone ? FACTS.features[0] : `predicted ${FACTS.target}`, FACTS.target);
  const rows = rowsOf(view, false), predicted = everyRow.map(i => predictionOf(rows, v, i));
  const spots = everyRow.map(i => [x(alone ? FACTS.points.x[i] : predicted[i]), y(rows.y[i])]), ends = predicted.map(y);
  if (few) squares(inside, spots, ends);
  const some = thin(everyRow, 200).map(i => `M${at(spots[i][0])} ${at(spots[i][1])}V${at(ends[i])}`); // more is a blot
  add(inside, "path", { d: some.join(""), class: few ? "residual" : "residual faint" });
  const [a, b] = alone ? lineOf(view, v) : [1, 0];
  trace(inside, [x.low, x.high].map(value => [x(value), y(a * value + b)]), "fit");
  if (alone && !crosses(y, a * x.low + b, a * x.high + b)) outside(inside, "the line is");
  if (!alone && !predicted.some(p => p >= x.low && p <= x.high)) outside(inside, "the predictions are");
  if (alone) grips(svg, view.intercept, a, b, x, y);
  svg.querySelector(`[data-grip=${held}]`)?.focus({ preventScroll: true });
  for (const [width, some] of bySize()) {
    const d = some.map(i => `M${at(spots[i][0])} ${at(spots[i][1])}h0`).join("");
    add(inside, "path", { d, class: few ? "points" : "points small" }).style.strokeWidth = width;
  }
  const what = alone ? "points and the line" : "points, the target against its prediction,";
  svg.setAttribute("aria-label", `${everyRow.length} ${what} at step ${k}: ${where(view, v)}, loss ${number(loss)}`);
}

// Dots of one size are one path; of a weighted row the area is its weight, in eight sizes from the least to the largest.
function bySize() {
  const { w } = FACTS.points, sizes = new Map(), usual = few ? 8 : 3.5;
  if (!w) return [["", everyRow]];
  const largest = Math.max(...w);
  for (const i of everyRow) {
    const width = usual * Math.max(1, Math.round(8 * Math.sqrt(w[i] / largest))) / 4;
    sizes.set(width, [...sizes.get(width) || [], i]);
  }
  return sizes;
}

// Is a line from one height to another seen on a fair part of its way? A fiftieth of the width is a stroke at the edge.
function crosses({ low, high }, ...ends) {
  const from = Math.min(...ends), to = Math.max(...ends), shared = Math.min(to, high) - Math.max(from, low);
  return to === from ? shared >= 0 : shared > 0.02 * (to - from);
}

// The loss is the mean of these areas. One larger than the picture would hide it.
function squares(parent, spots, ends) {
  spots.forEach(([x, y], i) => {
    const side = Math.abs(y - ends[i]), corner = { x: at(x - side), y: at(Math.min(y, ends[i])) };
    if (side < bottom - above) add(parent, "rect", { ...corner, width: at(side), height: at(side), class: "square" });
  });
}

// Where a hand may take the line: it sets the start, and the descent begins anew from there.
const GRIPS = { intercept: 0.08, slope: 0.86 }; // of the way from left to right

function grips(svg, intercept, a, b, x, y) {
  for (const what of intercept ? ["intercept", "slope"] : ["slope"]) {
    const value = x.low + GRIPS[what] * (x.high - x.low), now = number(what === "slope" ? a : b);
    const grip = spot(svg, [x(value), clamp(y(a * value + b), above + 6, bottom - 6)], 8, "grip");
    const said = {
      tabindex: 0, role: "slider", "aria-label": `Drag the line: ${what}`, "aria-orientation": "vertical",
      "aria-valuenow": now, "aria-valuetext": now, "aria-valuemin": -1e12, "aria-valuemax": 1e12,
    };
    for (const key in said) grip.setAttribute(key, said[key]);
    grip.dataset.grip = what;
  }
}
