// The page's state, its controls, and its address: one state, from which everything is drawn.

const SLIDER = { low: -2.6, high: 1.2 }; // of log10(rate * L)
const steepestOf = setting => { const { curvatures } = viewOf(setting); return curvatures[curvatures.length - 1]; };

const state = { setting: { ...DEFAULTS }, step: 0, stage: 4, pins: [], shown: null, playing: null };
const runs = new Map();

// The last few runs are kept: moving through steps computes nothing anew.
function runOf(setting) {
  const key = JSON.stringify(setting);
  if (!runs.has(key)) {
    if (runs.size > 8) runs.delete(runs.keys().next().value);
    runs.set(key, descend(setting));
  }
  return runs.get(key);
}

function draw() {
  const run = runOf(state.setting), pins = state.pins.map(runOf), k = state.step;
  scatter(run, k);
  (run.view.best.length === 1 ? bowl : contours)(run, k);
  curve(run, k, pins, state.shown);
  engines(run, k);
  panels(run, k, state.stage);
  numbers(run, k);
  show(run, k);
  return run;
}

// Every control says what is.
function show(run, k) {
  const { setting } = state, { view, steps } = run, limit = limitOf(setting, view);
  const said = verdict(run);
  if (byId("verdict").textContent !== said) byId("verdict").textContent = said;
  document.body.dataset.fate = /^(Diverges|Bounces|Never|Settles)/.test(said) ? "bad" : "good";
  setValue("rate", Number(setting.rate.toPrecision(12)));
  setValue("rate-slider", clamp(Math.log10(setting.rate * steepestOf(setting)), SLIDER.low, SLIDER.high));
  byId("rate-slider").setAttribute("aria-valuetext", `${short(setting.rate)}, ${short(setting.rate / limit)} of the limit`);
  rateBar(setting, view, SLIDER.low, SLIDER.high);
  byId("step").max = setting.iterations;
  setValue("step", k);
  byId("step").setAttribute("aria-valuetext", `step ${k}: ${where(view, steps[k].v)}, loss ${number(steps[k].loss)}`);
  byId("here").textContent = `step ${k} of ${setting.iterations}: ${where(view, steps[k].v)}, loss ${number(steps[k].loss)}`;
  setValue("iterations", setting.iterations);
  const start = setting.start || view.start || FACTS.start;
  setValue("start-a", number(start[0]));
  setValue("start-b", number(start[1]));
  byId("start-b").disabled = !view.intercept && !view.start;
  for (const id of ["intercept", "standardise", "float32"]) byId(id).checked = setting[id];
  setValue("momentum", setting.momentum);
  byId("momentum-text").textContent = setting.momentum.toFixed(2);
  setValue("batch", setting.batch);
  setValue("bug", setting.bug);
  document.querySelectorAll("[data-rate]").forEach(button => button.setAttribute("aria-pressed", Number(button.dataset.rate) === setting.rate));
  byId("slice").textContent = view.of ? `a slice: 2 of ${view.of} directions` : "";
  if (view.z) byId("scatter-hint").textContent = "predictions against the target";
  byId("views").dataset.stage = state.stage;
  byId("play").textContent = state.playing ? "Pause" : "Play";
  showPins();
  if (!byId("script").hidden) byId("script").value = asPython(run);
}

// What is being typed is left alone.
function setValue(id, value) {
  const control = byId(id);
  if (document.activeElement !== control || control.type === "range") control.value = value;
}

function showPins() {
  const root = byId("pins");
  if (root.childElementCount === state.pins.length && root.dataset.key === JSON.stringify(state.pins)) return;
  root.dataset.key = JSON.stringify(state.pins);
  root.replaceChildren(...state.pins.map((pin, i) => {
    const item = document.createElement("li"), button = document.createElement("button");
    add(item, "svg", { viewBox: "0 0 28 8", "aria-hidden": "true", class: `pin pin${i}` }).append(add(item, "path", { d: "M0 4h28", class: `pin pin${i}` }));
    item.append(nameOf(pin), button);
    button.type = "button";
    button.className = "quiet";
    button.textContent = "remove";
    button.setAttribute("aria-label", `remove the pinned run ${nameOf(pin)}`);
    button.onclick = () => { state.pins.splice(i, 1); byId("pin").focus(); changed(); };
    return item;
  }));
  byId("pin").disabled = state.pins.length >= 3;
}

function nameOf(setting) {
  const said = [`rate ${short(setting.rate)}`];
  for (const key of ["intercept", "standardise", "momentum", "batch", "float32", "bug"])
    if (setting[key] !== DEFAULTS[key]) said.push(setting[key] === true ? key : setting[key] === false ? `no ${key}` : `${key} ${setting[key]}`);
  return said.join(", ");
}

// The address holds what differs from the page as it opened.
function toText(setting) {
  const said = new URLSearchParams();
  for (const key in DEFAULTS) if (String(setting[key]) !== String(DEFAULTS[key])) said.set(key, setting[key]);
  return said.toString();
}

function fromText(text) {
  const given = new URLSearchParams(text), setting = { ...DEFAULTS };
  for (const [key, kind] of Object.entries(DEFAULTS)) {
    if (!given.has(key)) continue;
    const word = given.get(key);
    setting[key] = kind === null ? word.split(",").map(Number) : typeof kind === "number" ? Number(word) : typeof kind === "boolean" ? word === "true" : word;
  }
  return sound(setting);
}

// Whatever was typed, or stands in an address: something the kernel can descend.
function sound(setting) {
  const whole = (value, low, high, otherwise) => (Number.isFinite(value) ? clamp(Math.round(value), low, high) : otherwise);
  if (!(setting.rate > 0 && setting.rate < 1e300)) setting.rate = DEFAULTS.rate;
  setting.iterations = whole(setting.iterations, 1, 10000, DEFAULTS.iterations);
  if (!(setting.momentum >= 0)) setting.momentum = 0;
  setting.momentum = Math.min(setting.momentum, 0.99);
  if (!FACTS.batches.includes(setting.batch)) setting.batch = 0;
  if (!BUGS.includes(setting.bug)) setting.bug = "none";
  if (setting.start && !(setting.start.length === 2 && setting.start.every(value => Math.abs(value) < 1e12))) setting.start = null;
  if (!viewOf(setting)) Object.assign(setting, { intercept: DEFAULTS.intercept, standardise: DEFAULTS.standardise });
  return setting;
}

let written = "";

function write() {
  const said = new URLSearchParams(toText(state.setting));
  if (state.step) said.set("step", state.step);
  if (state.stage !== 4) said.set("stage", state.stage);
  for (const pin of state.pins) said.append("pin", toText(pin));
  const text = said.toString();
  if (text === written) return;
  written = text;
  try { history.replaceState(null, "", "#" + text); } catch { location.hash = text; } // in a sandboxed frame only the second may
}

function read() {
  const text = location.hash.slice(1);
  if (text === written) return;
  written = text;
  const given = new URLSearchParams(text);
  state.setting = fromText(text);
  state.step = clamp(Math.round(Number(given.get("step"))) || 0, 0, state.setting.iterations);
  state.stage = clamp(Math.round(Number(given.get("stage"))) || 4, 1, 4);
  state.pins = given.getAll("pin").slice(0, 3).map(fromText);
  draw();
}

let waiting = 0;

// Many changes may come between two frames of the screen: they are drawn once.
function changed() {
  state.step = clamp(state.step, 0, state.setting.iterations);
  if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); write(); });
}

function set(changes) {
  const before = state.setting, after = sound({ ...before, ...changes });
  // Units change with the columns: the same share of the limit is the same story, the same number is not.
  if (after.standardise !== before.standardise) after.rate = Number((after.rate * steepestOf(before) / steepestOf(after)).toPrecision(4));
  if (viewOf(after).start && viewOf(after) !== viewOf(before)) after.start = null;
  state.setting = after;
  changed();
}

function move(step) {
  state.step = clamp(step, 0, state.setting.iterations);
  changed();
}

function play() {
  if (state.playing) { clearInterval(state.playing); state.playing = null; return changed(); }
  const last = state.setting.iterations;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return move(last);
  if (state.step >= last) state.step = 0;
  state.playing = setInterval(() => {
    const stride = Math.max(1, Math.round(last / 100));
    if (state.step >= last) { clearInterval(state.playing); state.playing = null; }
    move(state.step + stride);
  }, 110);
  changed();
}

function nextLine() {
  if (state.stage < 4) state.stage += 1;
  else { state.stage = 1; state.step = Math.min(state.step + 1, state.setting.iterations); }
  changed();
}

const typed = id => (byId(id).value.trim() === "" ? NaN : Number(byId(id).value));

function listen() {
  const on = (id, event, act) => byId(id).addEventListener(event, act);
  on("rate", "input", () => { if (typed("rate") > 0) set({ rate: typed("rate") }); });
  on("rate-slider", "input", () => set({ rate: Number((10 ** typed("rate-slider") / steepestOf(state.setting)).toPrecision(4)) }));
  on("step", "input", () => move(typed("step")));
  on("iterations", "input", () => { if (typed("iterations") >= 1) set({ iterations: typed("iterations") }); });
  on("back", "click", () => move(state.step - 1));
  on("forward", "click", () => move(state.step + 1));
  on("line", "click", nextLine);
  on("play", "click", play);
  on("reset", "click", () => { if (state.playing) play(); state.setting = { ...DEFAULTS }; state.stage = 4; move(0); });
  for (const id of ["start-a", "start-b"]) on(id, "input", () => {
    const start = [typed("start-a"), typed("start-b")];
    if (start.every(Number.isFinite)) set({ start });
  });
  for (const id of ["intercept", "standardise", "float32"]) on(id, "change", () => set({ [id]: byId(id).checked }));
  on("momentum", "input", () => set({ momentum: typed("momentum") }));
  on("batch", "change", () => set({ batch: typed("batch") }));
  on("bug", "change", () => set({ bug: byId("bug").value }));
  on("pin", "click", () => { if (state.pins.length < 3) state.pins.push({ ...state.setting }); changed(); });
  on("copy", "click", copy);
  document.querySelectorAll("[data-rate]").forEach(button => button.addEventListener("click", () => {
    set({ rate: Number(button.dataset.rate), intercept: DEFAULTS.intercept, standardise: DEFAULTS.standardise, bug: "none", batch: 0, momentum: 0, start: null });
    byId("views").scrollIntoView({ block: "start" });
  }));
  for (const id of ["intercept", "standardise"]) byId(id).disabled = !FACTS.views.some(view => view[id] !== DEFAULTS[id]);
  const batch = byId("batch");
  for (const size of FACTS.batches) batch.add(new Option(size === 0 ? "all rows" : size === 1 ? "a single row" : `${size} rows`, size));
  addEventListener("hashchange", read);
  listenToCurve();
  listenToGrips();
}

// Reading the curve: by pointer, or from the keyboard while it has the focus; a click goes there.
function listenToCurve() {
  const svg = byId("curve");
  const under = event => {
    const spot = (event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth * PAPER.width;
    return clamp(Math.round((spot - left) / (right - left) * svg.dataset.last), 0, state.setting.iterations);
  };
  const read = step => { state.shown = step; changed(); };
  svg.addEventListener("pointermove", event => read(under(event)));
  svg.addEventListener("pointerleave", () => read(document.activeElement === svg ? state.step : null));
  svg.addEventListener("click", event => move(under(event)));
  svg.addEventListener("focus", () => read(state.step));
  svg.addEventListener("blur", () => read(null));
  svg.addEventListener("keydown", event => {
    const to = { ArrowRight: state.step + 1, ArrowLeft: state.step - 1, Home: 0, End: state.setting.iterations }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
    read(state.step);
  });
}

function listenToGrips() {
  const svg = byId("scatter");
  let held = null;
  // The line through (x of the grip, y of the hand) that leaves the other parameter as it is.
  const pull = (grip, to) => {
    const run = runOf(state.setting), [a, b] = lineOf(run.view, run.steps[state.step].v), spot = Number(grip.x);
    const slope = run.view.intercept ? spreads[0][0] + 0.08 * (spreads[0][1] - spreads[0][0]) : 0, fixed = a * slope + b;
    let start = grip.grip === "slope" ? [(to - fixed) / (spot - slope), fixed] : [a, b + to - (a * spot + b)];
    if (grip.grip === "slope") start[1] = run.view.intercept ? fixed - start[0] * slope : b;
    start = start.map(value => Number(value.toPrecision(4)));
    state.step = 0;
    set({ start });
  };
  const y = paperY(...spreads[1]);
  svg.addEventListener("pointerdown", event => {
    if (!event.target.dataset.grip) return;
    held = { ...event.target.dataset };
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", event => {
    if (held) pull(held, y.back((event.clientY - svg.getBoundingClientRect().top) / svg.clientHeight * PAPER.height));
  });
  svg.addEventListener("pointerup", () => { held = null; });
  svg.addEventListener("keydown", event => {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key], { grip } = event.target.dataset;
    if (!by || !grip) return;
    event.preventDefault();
    const run = runOf(state.setting), [a, b] = lineOf(run.view, run.steps[state.step].v), x = Number(event.target.dataset.x);
    pull(event.target.dataset, a * x + b + by * (spreads[1][1] - spreads[1][0]) / 50);
    draw();
    svg.querySelector(`[data-grip=${grip}]`).focus();
  });
}

function copy() {
  const area = byId("script"), said = byId("copied");
  area.hidden = false;
  area.value = asPython(runOf(state.setting));
  area.select();
  // The newer clipboard interface is refused in a sandboxed frame, loudly; this one only says whether it did it.
  said.textContent = document.execCommand("copy") ? "Copied." : "Press Ctrl+C: the script is selected.";
}

document.body.classList.add("live");
listen();
read();
draw();
