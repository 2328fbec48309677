// Hands on the pictures, and keys for those who have none to spare: reading the loss curve, moving the line.

// Where a pointer is on the paper, whatever its size on the screen.
function spotOf(event, svg) {
  const box = svg.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width * PAPER.width, (event.clientY - box.top) / box.height * PAPER.height];
}

// By pointer, or from the keyboard while it has the focus; a click goes there.
function listenToCurve() {
  const svg = byId("curve"), read = step => { state.shown = step; changed(); };
  const under = event => {
    const step = Math.round((spotOf(event, svg)[0] - left) / (right - left) * svg.dataset.last);
    return clamp(step, 0, state.setting.iterations);
  };
  svg.addEventListener("pointermove", event => read(under(event)));
  svg.addEventListener("pointerleave", () => read(document.activeElement === svg ? state.step : null));
  svg.addEventListener("click", event => move(under(event)));
  svg.addEventListener("focus", () => read(state.step));
  svg.addEventListener("blur", () => read(null));
  svg.addEventListener("keydown", event => {
    const { step, setting } = state;
    const to = { ArrowRight: step + 1, ArrowLeft: step - 1, Home: 0, End: setting.iterations }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
    read(state.step);
  });
}

// The line now, in the data's own units.
function lineNow() {
  const { view, steps } = runOf(state.setting);
  return lineOf(view, steps[state.step].v);
}

// A grip pulled to the height y: the slope turns about the other grip, or about zero; the intercept moves it all.
function pull(what, y) {
  const [a, b] = lineNow(), spot = grip => xRoom[0] + GRIPS[grip] * (xRoom[1] - xRoom[0]);
  const pivot = state.setting.intercept ? spot("intercept") : 0, height = a * pivot + b;
  const slope = (y - height) / (spot("slope") - pivot);
  const start = what === "slope" ? [slope, height - slope * pivot] : [a, y - a * spot("intercept")];
  state.step = 0;
  set({ start: start.map(value => Number(value.toPrecision(4))) });
}

function listenToGrips() {
  const svg = byId("scatter"), paper = upward(...yRoom);
  let held = null;
  svg.addEventListener("pointerdown", event => {
    held = event.target.dataset.grip || null;
    if (!held) return;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", event => { if (held) pull(held, paper.back(spotOf(event, svg)[1])); });
  svg.addEventListener("pointerup", () => { held = null; });
  svg.addEventListener("keydown", event => {
    const up = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key], { grip } = event.target.dataset;
    if (!up || !grip) return;
    event.preventDefault();
    const [a, b] = lineNow(), x = xRoom[0] + GRIPS[grip] * (xRoom[1] - xRoom[0]);
    pull(grip, a * x + b + up * (yRoom[1] - yRoom[0]) / 50);
  });
}

document.head.appendChild(document.createElement("style")).textContent = STYLE;
document.body.classList.add("live");
offer();
listen();
listenToCurve();
if (alone) listenToGrips();
recall();
draw();
