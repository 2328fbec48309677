// The controls: each says what is, and changes it.

const SLIDER = { low: -2.6, high: 1.2 }; // of log10(rate * L)

function draw() {
  const run = runOf(state.setting), k = state.step;
  line(run, k);
  loss(run, k);
  curve(run, k, state.pins.map(runOf), state.shown);
  engines(run, k);
  panels(run, k, state.stage);
  table(run, k);
  formulas(run);
  showVerdict(run);
  showControls(run, k);
  showPins();
  byId("views").dataset.stage = state.stage;
  if (!byId("script").hidden) byId("script").value = asPython(run);
}

// Told anew only where it changes: it is read aloud.
function showVerdict(run) {
  const said = verdict(run), place = byId("verdict");
  if (place.textContent !== said) place.textContent = said;
  document.body.dataset.fate = /^(Diverges|Bounces|Never|Settles)/.test(said) ? "bad" : "good";
}

// What is being typed is left alone.
function setValue(id, value) {
  const control = byId(id);
  if (document.activeElement !== control || control.type === "range") control.value = value;
}

function showControls({ setting, view, steps }, k) {
  const here = `${where(view, steps[k].v)}, loss ${number(steps[k].loss)}`;
  const [a, b] = setting.start || view.start || FACTS.start;
  setValue("rate", Number(setting.rate.toPrecision(12)));
  setValue("rate-slider", clamp(Math.log10(setting.rate * steepestOf(setting)), SLIDER.low, SLIDER.high));
  const limit = limitOf(setting, view), share = limit ? `${short(setting.rate / limit)} of the limit` : "no rate is small enough";
  byId("rate-slider").setAttribute("aria-valuetext", `${short(setting.rate)}, ${share}`);
  rateBar(setting, view);
  byId("step").max = setting.iterations;
  setValue("step", k);
  byId("step").setAttribute("aria-valuetext", `step ${k}: ${here}`);
  byId("here").textContent = `step ${k} of ${setting.iterations}: ${here}${view.standardise ? " (standardised units)" : ""}`;
  byId("play").textContent = state.playing ? "Pause" : "Play";
  for (const id of ["iterations", "momentum", "batch", "bug"]) setValue(id, setting[id]);
  for (const id of ["intercept", "standardise", "float32"]) byId(id).checked = setting[id];
  byId("momentum-text").textContent = setting.momentum.toFixed(2);
  setValue("start-a", number(a));
  setValue("start-b", number(b));
  byId("start-b").disabled = !view.intercept && !view.start;
  const slice = view.of ? [`a slice: 2 of ${view.of} directions`] : [];
  byId("slice").textContent = [...slice, ...view.standardise ? ["standardised units"] : []].join(", ");
  byId("start-units").textContent = view.standardise ? `Start, in ${alone ? "data" : "standardised"} units` : "Start";
  [...view.names, "b"].slice(0, 2).forEach((name, j) => {
    document.querySelector(`[for=${["start-a", "start-b"][j]}]`).textContent = cut(name, 18);
  });
  for (const button of fates()) button.setAttribute("aria-pressed", Number(button.dataset.rate) === setting.rate);
}

const unitsOf = view => `${view.intercept ? "with an" : "no"} intercept, ${view.standardise ? "standardised" : "data"} units`;

const fates = () => document.querySelectorAll("[data-rate]");

// ---- pinned runs

function nameOf(setting) {
  const said = [`rate ${short(setting.rate)}`];
  for (const key of ["intercept", "standardise", "momentum", "batch", "float32", "bug"]) {
    const value = setting[key];
    if (value !== DEFAULTS[key]) said.push(value === true ? key : value === false ? `no ${key}` : `${key} ${value}`);
  }
  return said.join(", ");
}

function showPins() {
  const root = byId("pins"), key = JSON.stringify(state.pins);
  byId("pin").disabled = state.pins.length >= 3;
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  root.replaceChildren(...state.pins.map(pinned));
}

function pinned(setting, i) {
  const item = document.createElement("li"), button = document.createElement("button");
  add(add(item, "svg", { viewBox: "0 0 28 8", "aria-hidden": "true" }), "path", { d: "M0 4h28", class: `pin pin${i}` });
  button.type = "button";
  button.className = "quiet";
  button.textContent = "remove";
  button.setAttribute("aria-label", `remove the pinned run ${nameOf(setting)}`);
  button.onclick = () => { state.pins.splice(i, 1); byId("pin").focus(); changed(); };
  item.append(nameOf(setting), button);
  return item;
}

// ---- what the buttons do

function play() {
  const last = state.setting.iterations;
  if (state.playing) return pause();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return move(last);
  if (state.step >= last) state.step = 0;
  state.playing = setInterval(() => {
    move(state.step + Math.max(1, Math.round(last / 100)));
    if (state.step >= last) pause();
  }, 110);
  changed();
}

function pause() {
  clearInterval(state.playing);
  state.playing = null;
  changed();
}

function reset() {
  pause();
  state.setting = { ...DEFAULTS };
  state.stage = 4;
  move(0);
}

function nextLine() {
  state.stage = state.stage % 4 + 1;
  move(state.step + (state.stage === 1));
}

function lookCloser(rate) {
  set({ ...DEFAULTS, rate, iterations: state.setting.iterations, float32: state.setting.float32 });
  byId("verdict").scrollIntoView({ block: "start" });
}

function pin() {
  if (state.pins.length < 3) state.pins.push({ ...state.setting });
  changed();
}

// The newer clipboard interface is refused in a sandboxed frame, loudly; this one only says whether it did it.
function copy() {
  const area = byId("script");
  area.hidden = false;
  area.value = asPython(runOf(state.setting));
  area.select();
  byId("copied").textContent = document.execCommand("copy") ? "Copied." : "Press Ctrl+C: the script is selected.";
}

// ---- listening

const on = (id, event, act) => byId(id).addEventListener(event, act);
const typed = id => (byId(id).value.trim() === "" ? NaN : Number(byId(id).value));

const rounded = value => Number(value.toPrecision(4));

// By a twentieth: a step of one, as number fields take, would be a hundred limits.
function nudgeRate(event) {
  const by = { ArrowUp: 1.05, ArrowDown: 1 / 1.05 }[event.key];
  if (!by) return;
  event.preventDefault();
  byId("rate").value = rounded(state.setting.rate * by);
  set({ rate: typed("rate") });
}

// ---- fields: what is typed is taken at once where it is sound; where not, what was there before stays, and it is said

const FIELDS = ["rate", "iterations", "start-a", "start-b"];
const ASKED = {
  rate: "a number above 0 and below 1e100", iterations: "a whole number from 1 to 10,000",
  start: "a number of size below 1e100",
};
const partOf = id => id.split("-")[0];
const startNow = () => state.setting.start || viewOf(state.setting).start || FACTS.start;

function changeBy(id) {
  const value = typed(id);
  if (partOf(id) !== "start") return { [id]: value };
  return { start: id === "start-a" ? [value, startNow()[1]] : [startNow()[0], value] };
}

function listenToField(id) {
  const control = byId(id), key = partOf(id), shown = () => (key === "start"
    ? number(startNow()[id === "start-a" ? 0 : 1]) : String(Number(state.setting[key].toPrecision(12))));
  let before = null; // as typing began: half of a number may be a number, and is none that anyone asked for
  const begin = () => { before = state.setting[key]; };
  const settle = () => {
    const change = changeBy(id), taken = SOUND[key](change[key]) && !control.validity.badInput;
    if (!taken) {
      const given = cut(control.value, 20) || (control.validity.badInput ? "What was typed" : "An empty field");
      byId(`${key}-said`).textContent = `${given} is not taken: ` +
        `${ASKED[key]} is expected. It stays at ${shown()}.`;
      control.value = shown();
    }
    begin();
    changed();
  };
  control.addEventListener("focus", begin);
  control.addEventListener("input", () => {
    const change = changeBy(id);
    set(SOUND[key](change[key]) ? change : { [key]: before });
  });
  control.addEventListener("keydown", event => { if (event.key === "Enter") settle(); });
  control.addEventListener("change", settle);
  control.addEventListener("blur", settle);
}

function listen() {
  on("views", "input", () => { for (const place of document.querySelectorAll(".said")) place.textContent = ""; });
  for (const id of FIELDS) listenToField(id);
  on("rate", "keydown", nudgeRate);
  on("rate-slider", "input", () => set({ rate: rounded(10 ** typed("rate-slider") / steepestOf(state.setting)) }));
  on("step", "input", () => move(typed("step")));
  on("momentum", "input", () => set({ momentum: typed("momentum") }));
  on("batch", "change", () => set({ batch: typed("batch") }));
  on("bug", "change", () => set({ bug: byId("bug").value }));
  for (const id of ["intercept", "standardise", "float32"]) on(id, "change", () => set({ [id]: byId(id).checked }));
  on("back", "click", () => move(state.step - 1));
  on("forward", "click", () => move(state.step + 1));
  for (const [id, act] of Object.entries({ play, line: nextLine, reset, pin, copy })) on(id, "click", act);
  for (const button of fates()) button.addEventListener("click", () => lookCloser(Number(button.dataset.rate)));
  addEventListener("hashchange", recall);
}

// What these data leave to choose.
function offer() {
  for (const id of ["intercept", "standardise"]) byId(id).disabled = FACTS.views.every(view => view[id] === DEFAULTS[id]);
  for (const size of FACTS.batches) {
    const words = ["all rows", "a single row"][size] || `${size} rows`;
    byId("batch").add(new Option(words, size));
  }
  for (const option of [...byId("bug").options]) if (!BUGS.includes(option.value)) option.remove();
  byId("in-full").hidden = !FACTS.inFull.length;
  for (const pair of FACTS.inFull) pair.forEach((words, i) => {
    byId("in-full").lastElementChild.appendChild(document.createElement(["dt", "dd"][i])).textContent = words;
  });
  if (!alone) byId("scatter-hint").textContent = "the target against its prediction";
  if (FACTS.points.w) byId("scatter-hint").textContent += "; the area of a dot is its weight";
}
