// The page of a room full of writers. It asks only what anybody can ask of this server: /docs has all of it.
"use strict";

const PROMPT = 1000;           // characters before the caret that the voice hears
const MANY = 4;                // suggestions at once
const KEPT = "undersong page"; // in this tab, so that a reload loses nothing
const FIRST = "temperature";   // the dial that stands on top
const CALM = 0.7;              // and where it is at first: what a voice is surest of, with some life in it

const at = (id) => document.getElementById(id);
const page = at("page");

const room = {
  models: [], model: null, turned: { [FIRST]: CALM }, // who plays, and the dials that are off their neutral
  asking: null, caret: 0, offers: [], chosen: 0, // what was asked, where, what was offered
  before: null, leaves: false,
};

// ── asking the server ────────────────────────────────────────────────────────────────────────────────────────────

class Trouble extends Error {
  constructor(message, status, wait) {
    super(message);
    this.status = status;
    this.wait = wait;
  }
}

async function asked(path, body, signal) {
  const how = { credentials: "same-origin", cache: "no-store", signal };
  if (body !== undefined) {
    Object.assign(how, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }
  let answer;
  try {
    answer = await fetch(path, how);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("The teacher’s computer does not answer. Your page is still here: copy it before you close it.", 0, 0);
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const error = told.error || {};
  const wait = Number(answer.headers.get("Retry-After")) || 0;
  throw new Trouble([error.message, error.do].filter(Boolean).join(" ") || `It answered ${answer.status}.`, answer.status, wait);
}

// ── saying what is going on ──────────────────────────────────────────────────────────────────────────────────────

// `aloud` is for those who do not see what the others see anyway.
function say(words, aloud = false) {
  at("status").textContent = words;
  at("status").classList.toggle("unseen", aloud);
}

function alarm(words) {
  at("alarm").textContent = words;
  at("alarm").hidden = !words;
}

function trouble(error) {
  if (error.name === "AbortError") return;
  if (error.status === 401 || error.status === 403) {
    come_in("You are no longer in the room. Join again: your page is still here.");
  } else if (error.status === 429 || error.status === 503) {
    busy(Math.max(1, Math.ceil(error.wait)));
  } else {
    say("");
    alarm(error.message || String(error));
  }
}

function busy(seconds) {
  at("ask").disabled = true;
  const tick = (left) => {
    if (left > 0) {
      say(`Many are asking just now. Ask again in ${left} ${left === 1 ? "second" : "seconds"}.`);
      setTimeout(tick, 1000, left - 1);
    } else {
      at("ask").disabled = false;
      say("You can ask again.");
    }
  };
  tick(seconds);
}

// ── coming in and going ──────────────────────────────────────────────────────────────────────────────────────────

function come_in(words) {
  put_away();
  at("writing").hidden = true;
  at("who").hidden = true;
  at("joining").hidden = false;
  alarm(words || "");
  (at("code").value ? at("called") : at("code")).focus();
}

async function inside(me) {
  const { data } = await asked("/v1/models");
  room.models = data;
  at("name").textContent = me.name;
  at("who").hidden = false;
  at("joining").hidden = true;
  at("writing").hidden = false;
  alarm("");
  const voice = at("voice");
  voice.replaceChildren(...data.map((model) => {
    const option = new Option(model.id, model.id);
    if (!written(model)) {
      option.disabled = true;
      option.textContent = `${model.id} (plays in ${model.measure}s: not on this page)`;
    }
    return option;
  }));
  const first = data.find(written);
  if (!first) {
    alarm("No voice here plays in letters, so there is nothing to write with on this page. /docs says how to play others.");
    at("ask").disabled = true;
    return;
  }
  voice.value = first.id;
  take_voice();
  page.focus();
}

const written = (model) => model.measure === "character";

async function join(event) {
  event.preventDefault();
  try {
    const me = await asked("/classroom/join", { code: at("code").value, name: at("called").value });
    at("code").value = "";
    await inside(me);
  } catch (error) {
    alarm(error.message);
  }
}

async function forget() {
  put_away();
  let words = "You are forgotten, and your page is empty.";
  try {
    await asked("/classroom/leave", {});
  } catch (error) {
    if (error.status !== 401) words = "Your page is empty. The teacher’s computer did not answer; what it knows it forgets when it stops.";
  }
  page.value = "";
  sessionStorage.removeItem(KEPT);
  Object.assign(room, { turned: { [FIRST]: CALM }, before: null });
  at("back").disabled = true;
  at("called").value = "";
  come_in(words);
}

// ── voices and dials ─────────────────────────────────────────────────────────────────────────────────────────────

function take_voice() {
  room.model = room.models.find((model) => model.id === at("voice").value);
  const { endings, dials } = room.model;
  const lengths = [20, 40, 80, 160].map((length) => new Option(`up to ${length} letters`, String(length)));
  const kinds = endings.map((kind) => new Option(`to the end of a ${kind}`, kind));
  at("until").replaceChildren(...kinds, ...lengths);
  at("until").value = endings.includes("sentence") ? "sentence" : "40";
  const known = new Set(dials.map((dial) => dial.name));
  for (const name of Object.keys(room.turned)) if (!known.has(name)) delete room.turned[name];
  const first = dials.filter((dial) => dial.name === FIRST);
  const others = dials.filter((dial) => dial.name !== FIRST);
  at("dials").replaceChildren(...first.map(as_slider));
  at("rest").replaceChildren(...others.map(as_slider));
  at("more").hidden = !others.length;
}

// How far a slider goes: a range that reaches far beyond where a dial rests would leave no room for what is of use.
function reach({ low, high, neutral, whole }) {
  if (neutral > low && high > 4 * neutral) return Math.min(high, 2 * neutral);
  return whole && high > 200 ? Math.min(high, low + 100) : high;
}

function as_slider(dial) {
  const top = reach(dial);
  const step = dial.whole ? 1 : Number(((top - dial.low) / 100).toPrecision(1));
  const value = room.turned[dial.name] ?? dial.neutral;
  const made = document.createElement("div");
  made.className = "dial";
  const id = `dial-${dial.name}`;
  const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: dial.name.replaceAll("_", " ") });
  const slider = Object.assign(document.createElement("input"), { type: "range", id, min: dial.low, max: top, step, value });
  const number = Object.assign(document.createElement("input"), {
    type: "number", min: dial.low, max: dial.high, step: dial.whole ? 1 : "any", value, inputMode: "decimal",
  });
  const sentence = Object.assign(document.createElement("p"), { className: "quiet", id: `${id}-is`, textContent: dial.sentence });
  slider.setAttribute("aria-describedby", sentence.id);
  number.setAttribute("aria-label", `${label.textContent}, as a number`);
  const turn = (from, to) => {
    const wanted = Number(from.value);
    if (from.value === "" || Number.isNaN(wanted)) return;
    to.value = from.value;
    if (wanted === dial.neutral) delete room.turned[dial.name];
    else room.turned[dial.name] = wanted;
  };
  slider.addEventListener("input", () => turn(slider, number));
  number.addEventListener("input", () => turn(number, slider));
  made.append(label, slider, number, sentence);
  return made;
}

// ── suggestions ──────────────────────────────────────────────────────────────────────────────────────────────────

async function ask() {
  if (at("ask").disabled || !room.model) return;
  put_away();
  alarm("");
  say("Listening …");
  const asking = new AbortController();
  room.asking = asking;
  const caret = (room.caret = page.selectionEnd);
  const until = at("until").value;
  const wanted = Number(until) ? { length: Number(until) } : { until, length: 200 };
  const prompt = heard(page.value.slice(0, caret));
  const body = { model: room.model.id, prompt, count: MANY, ...wanted, dials: room.turned };
  try {
    const { candidates } = await asked("/v1/candidates", body, asking.signal);
    if (room.asking !== asking) return;
    room.asking = null;
    offer(candidates.map(({ piece, text, copied }) => ({ piece: text ?? piece, copied })).filter(({ piece }) => piece));
  } catch (error) {
    if (room.asking === asking) room.asking = null;
    trouble(error);
  }
}

// The end of what stands before the caret, never beginning with half a character.
function heard(before) {
  const last = before.slice(-PROMPT);
  return /^[\udc00-\udfff]/.test(last) ? last.slice(1) : last;
}

function offer(offers) {
  if (!offers.length) {
    say("The voice had nothing to add here. Ask again, or write a little more.");
    return;
  }
  Object.assign(room, { offers, chosen: 0 });
  at("suggestions").replaceChildren(...offers.map((offered, number) => {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const piece = Object.assign(document.createElement("span"), { className: "piece", dir: "auto", textContent: shown(offered.piece) });
    button.append(piece);
    if (offered.copied && offered.copied.length) {
      const mark = Object.assign(document.createElement("span"), { className: "copied", textContent: "as it was learned" });
      mark.title = "Part of this stands word for word in what the voice learned from.";
      button.append(mark);
    }
    button.addEventListener("click", () => take(number));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  at("offered").hidden = false;
  at("away").hidden = false;
  choose(0);
}

// A line end at the start or end would look like nothing.
const shown = (piece) => piece.replace(/^\n+|\n+$/g, (lines) => "↵".repeat(lines.length));

function choose(number) {
  const { offers } = room;
  room.chosen = (number + offers.length) % offers.length;
  [...at("suggestions").querySelectorAll("button")].forEach((button, n) => {
    button.setAttribute("aria-current", String(n === room.chosen));
    if (n === room.chosen) button.scrollIntoView({ block: "nearest" });
  });
  say(`${room.chosen + 1} of ${offers.length}: ${offers[room.chosen].piece.trim()}`, true);
}

function put_away() {
  if (room.asking) {
    room.asking.abort();
    say("");
  }
  room.asking = null;
  room.offers = [];
  at("offered").hidden = true;
  at("away").hidden = true;
  at("suggestions").replaceChildren();
}

function take(number) {
  const { piece } = room.offers[number];
  put_away();
  const { caret } = room;
  const whole = page.value;
  page.focus();
  page.setSelectionRange(caret, caret);
  // this way the browser's own undo knows of it; where it does not work any more, it is put in by hand
  if (!document.execCommand("insertText", false, piece)) page.setRangeText(piece, caret, caret, "end");
  room.before = { whole, caret, after: page.value };
  keep();
  say("Taken.");
}

function take_back() {
  const { whole, caret } = room.before;
  page.value = whole;
  page.focus();
  page.setSelectionRange(caret, caret);
  room.before = null;
  keep();
  say("Taken back.");
}

// Whatever changed: keep it in this tab, and offer to take back only what still stands as it was taken.
function keep() {
  at("back").disabled = !(room.before && room.before.after === page.value);
  try {
    sessionStorage.setItem(KEPT, page.value);
  } catch {
    // switched off or full: then a reload empties the page, as a closed tab does
  }
}

// ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function key(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const open = room.offers.length > 0;
  const did = {
    Tab: () => {
      if (event.shiftKey || room.leaves) return false;
      if (open) take(room.chosen);
      else ask();
      return true;
    },
    Escape: () => {
      if (!open && !room.asking) {
        room.leaves = true;
        say("Tab now goes on to the next button.");
      } else {
        put_away();
        say("Put away.");
      }
      return true;
    },
    ArrowDown: () => open && (choose(room.chosen + 1), true),
    ArrowUp: () => open && (choose(room.chosen - 1), true),
  }[event.key];
  if (event.key !== "Escape" && event.key !== "Tab" && event.key !== "Shift") room.leaves = false;
  if (did && did()) event.preventDefault();
}

async function copy() {
  try {
    await navigator.clipboard.writeText(page.value); // only pages that came by HTTPS have it
  } catch {
    const [start, end] = [page.selectionStart, page.selectionEnd];
    page.select();
    const done = document.execCommand("copy");
    if (!done) {
      say("Your page is selected: copy it with the keys or menu of your device.");
      return;
    }
    page.setSelectionRange(start, end);
  }
  say("Copied. Paste it wherever you want to keep it.");
}

// ── beginning ────────────────────────────────────────────────────────────────────────────────────────────────────

at("join").addEventListener("submit", join);
at("voice").addEventListener("change", () => (put_away(), take_voice()));
at("ask").addEventListener("click", ask);
at("away").addEventListener("click", () => (put_away(), page.focus()));
at("back").addEventListener("click", take_back);
at("copy").addEventListener("click", copy);
at("neutral").addEventListener("click", () => {
  room.turned = { [FIRST]: CALM };
  take_voice();
});
at("forget").addEventListener("click", () => {
  at("sure").returnValue = "stay";
  at("sure").showModal();
});
at("sure").addEventListener("close", () => at("sure").returnValue === "go" && forget());
page.addEventListener("keydown", key);
page.addEventListener("blur", () => (room.leaves = false));
document.addEventListener("selectionchange", () => {
  const elsewhere = document.activeElement === page && page.selectionEnd !== room.caret;
  if (elsewhere && (room.offers.length || room.asking)) put_away();
});
page.addEventListener("input", () => {
  if (room.offers.length || room.asking) put_away();
  say("");
  keep();
});

async function begin() {
  try {
    page.value = sessionStorage.getItem(KEPT) || "";
  } catch {
    page.value = "";
  }
  at("code").value = location.hash.slice(1).replace(/[^a-z]+/gi, " ");
  if (location.hash) history.replaceState(null, "", location.pathname); // the code is for whoever is in the room
  try {
    await inside(await asked("/classroom/me"));
  } catch (error) {
    come_in(error.status === 401 ? "" : error.message);
  }
}

begin();
