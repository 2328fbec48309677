// One state, from which everything is drawn; the address of the page holds what differs from how it opened.

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

const steepestOf = setting => Math.max(...viewOf(setting).curvatures);

const LARGEST = 1e100;
const SOUND = {
  rate: value => value > 0 && value < LARGEST,
  iterations: value => Number.isInteger(value) && value >= 1 && value <= 10000,
  start: value => value === null || value.length === 2 && value.every(part => Math.abs(part) < LARGEST),
};

// Whatever stands in an address: something the kernel can descend, by what was there before where it is not.
function sound(given, before = DEFAULTS) {
  const setting = { ...DEFAULTS, ...given }, { momentum } = setting;
  for (const key in SOUND) if (!SOUND[key](setting[key])) setting[key] = before[key];
  setting.momentum = momentum >= 0 ? Math.min(momentum, 0.99) : 0;
  if (!FACTS.batches.includes(setting.batch)) setting.batch = 0;
  if (!BUGS.includes(setting.bug)) setting.bug = "none";
  if (!viewOf(setting)) Object.assign(setting, { intercept: DEFAULTS.intercept, standardise: DEFAULTS.standardise });
  return setting;
}

function set(changes) {
  const before = state.setting, after = sound({ ...before, ...changes }, before);
  // Units change with the columns: the same share of the limit is the same story, the same number is not.
  if (after.standardise !== before.standardise && changes.rate === undefined)
    after.rate = Number((after.rate * steepestOf(before) / steepestOf(after)).toPrecision(4));
  if (viewOf(after).start && viewOf(after) !== viewOf(before)) after.start = null; // a place in another plane
  state.setting = after;
  changed();
}

function move(step) {
  state.step = step;
  changed();
}

let waiting = 0;

// Many changes may come between two frames of the screen: they are drawn once.
function changed() {
  state.step = clamp(state.step, 0, state.setting.iterations);
  if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); remember(); });
}

// ---- the address

function toText(setting) {
  const said = new URLSearchParams();
  for (const key in DEFAULTS) if (String(setting[key]) !== String(DEFAULTS[key])) said.set(key, setting[key]);
  return said.toString();
}

function fromText(text) {
  const given = new URLSearchParams(text), setting = {};
  for (const [key, usual] of Object.entries(DEFAULTS)) if (given.has(key)) setting[key] = valueLike(usual, given.get(key));
  return sound(setting);
}

function valueLike(usual, word) {
  if (usual === null) return word.split(",").map(Number);
  return typeof usual === "number" ? Number(word) : typeof usual === "boolean" ? word === "true" : word;
}

let address = "";

function remember() {
  const said = new URLSearchParams(toText(state.setting));
  if (state.step) said.set("step", state.step);
  if (state.stage !== 4) said.set("stage", state.stage);
  for (const pin of state.pins) said.append("pin", toText(pin));
  if (said.toString() === address) return;
  address = said.toString();
  try { history.replaceState(null, "", "#" + address); } catch { location.hash = address; } // sandboxed: the second only
}

function recall() {
  if (location.hash.slice(1) === address) return;
  address = location.hash.slice(1);
  const given = new URLSearchParams(address), whole = name => Math.round(Number(given.get(name))) || 0;
  state.setting = fromText(address);
  state.step = clamp(whole("step"), 0, state.setting.iterations);
  state.stage = clamp(whole("stage") || 4, 1, 4);
  state.pins = given.getAll("pin").slice(0, 3).map(fromText);
  draw();
}
