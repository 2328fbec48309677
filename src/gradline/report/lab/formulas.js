// Why there is a limit: this setting's own formulas and numbers, as MathML, which browsers set without help.

// A formula in words with spaces between them: `2/N` is a fraction, `x_i` has an index, `y^2` a power, `!v` is bold, `~y`
// has a bar; between " = " may stand one fraction of whole lines, " / ".
const node = (name, ...parts) => {
  const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
  made.append(...parts);
  return made;
};

function atom(word) {
  if (word[0] === "!") { const bold = node("mi", word.slice(1)); bold.style.fontWeight = "bold"; return bold; }
  if (word[0] === "~") return node("mover", node("mi", word.slice(1)), node("mo", "\u00af"));
  return node(/\d/.test(word) ? "mn" : /^[A-Za-z]$/.test(word) ? "mi" : /^\w+$/.test(word) ? "mtext" : "mo", word);
}

function term(word) {
  const [, base, index, power] = word.match(/^(.[^_^]*)(?:_([^^]+))?(?:\^(.+))?$/);
  if (index === undefined) return power === undefined ? atom(base) : node("msup", atom(base), atom(power));
  const below = node("mrow", ...index.split(/(?=[+\u2212])/).flatMap(part => part.split(/(?<=[+\u2212])/)).map(atom));
  if (power !== undefined) return node("msubsup", atom(base), below, atom(power));
  return node(base === "\u2211" ? "munder" : "msub", atom(base), below);
}

const terms = text => text.split(" ").map(word => {
  const [over, under] = word.split("/");
  return under ? node("mfrac", term(over), term(under)) : term(word);
});

function formula(text) {
  const sides = text.split(" = ").map(side => side.split(" / ").map(part => node("mrow", ...terms(part))));
  const parts = sides.map(([over, under]) => (under ? node("mfrac", over, under) : over));
  const style = node("mstyle", ...parts.flatMap((part, i) => (i ? [node("mo", "="), part] : [part])));
  style.setAttribute("displaystyle", "true");
  const paragraph = document.createElement("p");
  paragraph.className = "formula";
  paragraph.append(node("math", style));
  return paragraph;
}

function sentence(words) {
  const paragraph = document.createElement("p");
  paragraph.textContent = words;
  return paragraph;
}

// ---- what they say

// The error from step to step along a direction of curvature c: e_k+1 = sum of these times e_k, e_k-1, e_k-2.
function recursionOf(setting, c) {
  const pull = setting.rate * lengthOf(setting) * c, m = setting.momentum;
  if (setting.bug === "zero_grad") return m ? [2 + m - pull, -1 - 2 * m, m] : [2 - pull, -1];
  return m ? [1 + m - pull, -m] : [1 - pull];
}

const EARLIER = ["e_k", "e_k\u22121", "e_k\u22122"];

// With digits enough to see that it is not 1 where it is not.
function sizeOf(value) {
  const gap = Math.abs(1 - value);
  return gap && gap < 5e-5 ? `( 1 ${value < 1 ? "\u2212" : "+"} ${short(gap, 2)} )` : short(value);
}

function recursion({ bug, momentum }, numbers) {
  const pull = { missing_2: "r L/2", sum: `${everyOne} r L` }[bug] || "r L", m = momentum ? "m + " : "";
  const sign = (value, j) => (value < 0 ? "\u2212 " : j ? "+ " : "");
  const said = numbers.map((value, j) => `${sign(value, j)}${sizeOf(Math.abs(value))} ${EARLIER[j]}`).join(" ");
  const first = bug === "zero_grad" ? `( 2 + ${m}\u2212 ${pull} ) e_k` : `( 1 + ${m}\u2212 ${pull} ) e_k`;
  const later = { 1: "", 2: bug === "zero_grad" ? " \u2212 e_k\u22121" : " \u2212 m e_k\u22121" }[numbers.length] ??
    " \u2212 ( 1 + 2 m ) e_k\u22121 + m e_k\u22122";
  const symbols = `e_k+1 = ${first.replace("+ \u2212", "\u2212")}${later}`;
  return numbers.length === 1 ? [`${symbols} = ${said}`] : [symbols, `e_k+1 = ${said}`]; // two are too wide for one line
}

const everyOne = FACTS.points.w ? "W" : "N";

// The gradient as it is taken: of which rows, weighed how, and with which mistake.
function gradientOf({ bug, batch }, view) {
  const z = alone ? view.standardise ? "z" : "x" : "!z", w = FACTS.points.w ? "w_i " : "", n = batch ? "n" : everyOne;
  const model = alone ? `a ${z}_i${view.intercept ? " + b" : ""}` : `${z}_i \u00b7 !v`;
  const share = { missing_2: `1/${n}`, sum: "2", broadcast: `2/${n}^2` }[bug] || `2/${n}`;
  const pairs = bug === "broadcast" ? "\u2211_j " : "";
  return `${share} \u2211_i ${w}${pairs}${z}_i ( ${model} \u2212 y_${pairs ? "j" : "i"} )`;
}

function update({ setting, view }) {
  const own = alone ? "a" : "!v", gradient = gradientOf(setting, view), { momentum, bug } = setting, lines = [];
  let pull = gradient;
  if (bug === "zero_grad") { lines.push(`g \u2190 g + ${pull}`); pull = "g"; }
  if (momentum) { lines.push(`p \u2190 m p + ${pull}`); pull = "p"; }
  return [...lines, `${own} \u2190 ${own} \u2212 r ${pull}`].map(formula);
}

const MISTAKES = {
  none: "",
  zero_grad: " The bug: g is never set back to 0, so that it is the sum of all gradients so far.",
  broadcast: " The bug: (n, 1) less (n,) takes every prediction from every target, j as well as i.",
  missing_2: " The bug: the 2 of the derivative is missing.",
  sum: " The bug: the sum is not divided by what it is to be the mean of.",
};

function whatStands({ setting, view }) {
  const { momentum, batch, bug, float32 } = setting, said = [`r = ${short(setting.rate)}`];
  if (momentum) said.push(`m = ${momentum}`);
  said.push(batch ? `n = ${batch}, the rows of this step` : `${everyOne} = ${short(total, 12)}`);
  const x = view.standardise ? "z" : "x";
  const likewise = alone && view.intercept ? ` b goes likewise, without the ${x} before the bracket.` : "";
  const weighs = FACTS.points.w ? " w are the weights of the rows, W is their sum." : "";
  const z = alone ? "" : ` z is a row of the columns${view.intercept ? " and a 1" : ""}, v their coefficients.`;
  const rounds = float32 ? " float32 rounds each of these operations to 24 binary digits." : "";
  return `Here ${said.join(", ")} (${unitsOf(view)}).${likewise}${weighs}${z}${MISTAKES[bug]}${rounds}`;
}

function theLimit({ setting, view }) {
  const { bug, momentum } = setting, steepest = steepestOf(setting), limit = short(limitOf(setting, view));
  const n = everyOne, [most, one] = { missing_2: ["4/L", "2/L"], sum: [`2/(${n}L)`, `1/(${n}L)`] }[bug] || ["2/L", "1/L"];
  if (bug === "zero_grad")
    return momentum ? "It grows at every rate: momentum feeds the swing of the gradients that pile up."
      : `It never shrinks for good: below 4/L = ${limit} it swings at one size for ever, beyond it grows.`;
  if (momentum)
    return `It shrinks while the rate r stays below ${most.replace("2/", "2(1 + m)/").replace("4/", "4(1 + m)/")} = ${limit}; ` +
      "no step can end it, since each carries on the one before.";
  const gone = short(1 / steepest / lengthOf(setting));
  return `It shrinks while the rate r stays below ${most} = ${limit}; at ${one} = ${gone} it is gone in one step.`;
}

function theFlat({ curvatures: [flat, steep = flat], directions, standardise }) {
  if (steep - flat <= ALIKE * steep) return "";
  const cure = standardise ? "" : ` Standardise, and ${alone ? "the two become one" : "they come closer"}.`;
  return ` But along ${directions[0]} the curvature is only ${short(flat)}, and everything ${short(steep / flat)} times ` +
    `slower.${cure}`;
}

function theAnswer({ setting, view }) {
  const z = view.standardise ? "z" : "x", w = FACTS.points.w ? "w_i " : "", wrong = setting.bug === "broadcast";
  const found = (wrong ? view.wrongBest : view.best).map(value => short(value)), [y, bar] = [wrong ? "~y" : "y_i", "\u2212 ~"];
  if (!alone) return [formula(`!Z^\u2032 ${w && "!W "}!Z !v^* = !Z^\u2032 ${w && "!W "}${wrong ? "~y !1" : "!y"}`)];
  if (!view.intercept) return [formula(`a^* = \u2211 ${w}${z}_i ${y} / \u2211 ${w}${z}_i^2 = ${found[0]}`)];
  const off = `( ${z}_i ${bar}${z} )`, gaps = `\u2211 ${w}${off} ( ${y} ${bar}y ) / \u2211 ${w}${off}^2`;
  return [formula(`a^* = ${gaps} = ${found[0]}`), formula(`b^* = ~y \u2212 a^* ~${z} = ${found[1]}`)];
}

const ITS_OWN = "A batch has a curvature and an answer of its own: a step multiplies the error by a number of its batch and " +
  "moves it towards its batch's answer, so that no formula of one L holds from step to step. With all rows in each step, " +
  "the error e, the distance from ";

function formulas(run) {
  const { setting, view } = run, place = byId("formulas"), key = toText(setting) + setting.rate;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const steepest = view.directions[view.directions.length - 1], along = theFlat(view) && ` along ${steepest}`;
  const wrong = setting.bug === "broadcast", curvature = steepestOf(setting);
  const whole = { ...run, setting: { ...setting, batch: 0 } }; // what is said of every step is said of all rows
  const whose = wrong ? "the bug's own answer" : "the answer";
  place.replaceChildren(
    sentence(`The loss is the ${FACTS.points.w ? "weighted " : ""}mean of the squared residuals. Its slope says where down is; ` +
      "a step goes r times that:"),
    ...update(run),
    sentence(whatStands(run)),
    sentence(`${setting.batch ? ITS_OWN : "So the error e, the distance from "}${whose}, goes the same way at every step, ` +
      `with L = ${short(curvature)} the curvature of the loss${along}:`),
    ...recursion(setting, recursionOf(whole.setting, curvature)).map(formula),
    sentence(theLimit(whole) + theFlat(view)),
    sentence(wrong ? "The bug asks every row for the mean of y, and the normal equation says what that comes to:"
      : "No descent is needed for the answer itself: the normal equation gives it."),
    ...theAnswer(run),
  );
}
