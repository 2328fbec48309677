// The loss over one slope (a parabola) or over two parameters (rings), with the path so far and the next step.

function loss(run, k) {
  (run.view.best.length === 1 ? parabola : rings)(run, k);
}

function parabola(run, k) {
  const { view, steps, setting } = run, { v: [a], loss: here, gradient: [g] } = steps[k];
  const best = view.best[0], H = view.H[0][0];
  const half = 1.75 * (Math.abs(steps[0].v[0] - best) || Math.abs(best) || 1), wrong = againstEach(setting);
  const truth = value => view.floor + H * (value - best) ** 2;
  const asked = wrong ? value => view.wrongFloor + H * (value - view.wrongBest[0]) ** 2 : truth;
  const [low, high] = [Math.min, Math.max].map(pick => pick(view.floor, floorOf(run)));
  const x = across(best - half, best + half), y = upward(low * 0.96, high + H * half ** 2);
  const { svg, inside } = sheet("bowl", x, y, view.names[0], "loss");
  const over = f => Array.from({ length: 61 }, (_, i) => x.low + i / 30 * half).map(value => [x(value), y(f(value))]);
  if (wrong) trace(inside, over(truth), "bowl truth");
  trace(inside, over(asked), "bowl");
  trace(inside, [a - 0.42 * half, a + 0.42 * half].map(value => [x(value), y(here + g * (value - a))]), "tangent");
  walk(inside, run, k, step => [x(step.v[0]), y(step.loss)]);
  svg.setAttribute("aria-label", `Loss against ${view.names[0]}, a parabola with its least value at ${number(best)}. ` +
    `Step ${k}: ${where(view, [a])}, loss ${number(here)}, gradient ${number(g)}`);
}

function rings(run, k) {
  const { view, steps, setting } = run, { best, curvatures, H } = view;
  const start = steps[0].v.map((value, j) => value - best[j]), level = dot(start, times(H, start)) || 1;
  const outer = ring(view, best, level);
  const half = [0, 1].map(j => 1.12 * Math.max(...outer.map(v => Math.abs(v[j] - best[j]))));
  const even = view.standardise && curvatures[1] < 1.02 * curvatures[0];
  if (even) half[0] = half[1] * (right - left) / (bottom - above); // what is a circle shall look like one
  const x = across(best[0] - half[0], best[0] + half[0]), y = upward(best[1] - half[1], best[1] + half[1]);
  const names = view.of ? [`steepest: ${view.axes[0]}`, `flattest: ${view.axes[1]}`] : view.names;
  const { svg, inside } = sheet("bowl", x, y, ...names), place = v => [x(v[0]), y(v[1])];
  const middle = againstEach(setting) ? view.wrongBest : best;
  for (const share of [1, 0.75, 0.5, 0.25]) trace(inside, ring(view, middle, level * share * share).map(place), "ring");
  add(inside, "path", { d: `M${at(x(best[0]) - 5)} ${at(y(best[1]))}h10m-5-5v10`, class: "answer" });
  walk(inside, run, k, step => place(step.v));
  svg.setAttribute("aria-label", `Rings of equal loss around the answer, ${even ? "circles" : "ellipses"}: ` +
    `curvatures ${short(curvatures[0])} and ${short(curvatures[1])}. ` +
    `Step ${k}: ${where(view, steps[k].v)}, loss ${number(steps[k].loss)}`);
}

// Where e' H e = level: in the direction of an eigenvector of curvature c that is sqrt(2 level / c) from the middle.
function ring({ curvatures, vectors }, middle, level) {
  const reach = curvatures.map(c => Math.sqrt(2 * level / c));
  return Array.from({ length: 73 }, (_, i) => {
    const p = Math.cos(i / 36 * Math.PI) * reach[0], q = Math.sin(i / 36 * Math.PI) * reach[1];
    return middle.map((value, j) => value + p * vectors[0][j] + q * vectors[1][j]);
  });
}

// The path so far, the step to come, and where it stands.
function walk(parent, run, k, place) {
  const spots = run.steps.slice(0, k + 1).map(place), here = spots[k], next = run.steps[k + 1];
  trace(parent, thin(spots, 400), "walk");
  for (const passed of thin(spots.slice(0, -1), 60)) spot(parent, passed, 2.6, "step");
  if (next) trace(parent, [here, place(next)], "next").setAttribute("marker-end", "url(#tip)");
  spot(parent, here, 5.5, "now");
  const [x, y] = here, seen = x >= left && x <= right && y >= above - 1 && y <= bottom + 1;
  if (!seen) outside(parent, "this step is");
}
