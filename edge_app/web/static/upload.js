// Sends chosen, dropped, pasted and photographed films one request each, and shows how far each is. Several at once are
// a batch, whose rows the device draws; one alone opens its reading.
import { isDone, refresh, watch } from "./batch.js";

const form = document.getElementById("upload"), photograph = document.getElementById("photograph");
const words = form.dataset, list = document.getElementById("outcomes"), announced = document.getElementById("announced");
const drop = document.getElementById("drop"), picker = document.getElementById("film"), batch = document.getElementById("batch");
// Two at a time: one is read while the next is on its way, and the device's queue stays short for others.
const TOGETHER = 2;
// What no film begins with: offset, bytes, and the name of its words.
const FOREIGN = [[0, "%PDF", "pdf"], [0, "PK\x03\x04", "zip"], [0, "\x1f\x8b", "zip"], [0, "GIF8", "gif"], [4, "ftyphei", "heic"], [4, "ftypmif1", "heic"], [4, "ftyp", "video"], [0, "\x1aE\xdf\xa3", "video"]];
const waiting = [];
let running = 0, last = "", own = "";

document.documentElement.classList.add("scripted");
for (const one of document.querySelectorAll("[data-scripted]")) one.hidden = false;
for (const one of document.querySelectorAll("[data-unscripted]")) one.hidden = true;

function make(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

// Return why a file is not sent, or nothing; only its first bytes are looked at.
async function wrong(file) {
  if (file.size === 0) return words.empty;
  if (file.size > Number(words.mostBytes)) return words.large.replace("@", (file.size / 1048576).toFixed(1));
  const head = await file.slice(0, 16).arrayBuffer().then((bytes) => String.fromCharCode(...new Uint8Array(bytes)), () => "");
  const found = FOREIGN.find(([at, mark]) => head.startsWith(mark, at));
  return found ? words.kind.replace("@", words[found[2]]) : "";
}

async function add(files, from = form) {
  const chosen = [...files], fit = [];
  if (chosen.length > Number(words.most)) return refuse("", words.many.replace("@", chosen.length));
  for (const file of chosen) {
    const why = await wrong(file);
    if (why) refuse(file.name, why);
    else fit.push(file);
  }
  if (fit.length > 1) return begin(fit);
  if (fit.length === 1) enqueue(alone(fit[0]), fit[0], from);
}

// Films at once: the device is told their names, and then gets each by itself.
async function begin(files) {
  const body = new URLSearchParams();
  body.set("csrf_token", form.elements.csrf_token.value);
  body.set("label", form.elements.label.value);
  body.set("names", JSON.stringify(files.map((file) => file.name || "film.png")));
  const answer = await fetch(words.batches, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  if (answer && answer.status === 401) return location.reload();
  const told = answer && (await answer.json().catch(() => null));
  if (!answer || !answer.ok) return refuse("", (told && told.sentence) || words.lost);
  batch.dataset.rows = told.rows;
  own = told.url;
  history.pushState(null, "", own); // loaded again in the middle, the page is the batch's, which tells what is missing
  files.forEach((file, at) => enqueue({ batch: told, number: at + 1, state: words.held }, file, form));
  await refresh(decorate);
  watch(decorate);
}

function alone(file) {
  const item = make("li"), state = make("span", "state", words.sending), bar = make("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name || "film.png");
  item.append(make("span", "file", file.name || "film.png"), bar, state);
  list.prepend(item);
  return { item, bar, place: state };
}

function enqueue(film, file, from) {
  const fields = new FormData(from);
  fields.set("film", file, file.name || "film.png");
  fields.set("label", form.elements.label.value);
  if (form.elements.again.checked) fields.set("again", "1");
  if (film.batch) {
    fields.set("batch", film.batch.id);
    fields.set("number", String(film.number));
  }
  waiting.push(Object.assign(film, { fields }));
  held.add(film);
  document.getElementById("outcomes-part").hidden = false;
  document.getElementById("outcomes-part").scrollIntoView({ block: "nearest" });
  next();
}

// Films that this browser still holds; leaving the page would lose those that wait.
const held = new Set();
addEventListener("beforeunload", (event) => {
  if (held.size) event.preventDefault();
});

function next() {
  while (running < TOGETHER && waiting.length) {
    running += 1;
    send(waiting.shift());
  }
}

function tell(film, text, share) {
  film.state = text;
  if (film.bar) {
    if (share === undefined) film.bar.removeAttribute("value");
    else film.bar.value = share;
    film.place.textContent = text;
  } else decorate(batch);
}

// The rows know what the device knows; what only this browser knows is laid over them.
function decorate(part) {
  for (const film of held) {
    const row = film.number && part.querySelector(`[data-number="${film.number}"][data-state="waiting"] .state`);
    if (row) row.textContent = film.state;
  }
  const elsewhere = part.querySelector("[data-elsewhere]");
  if (elsewhere) elsewhere.hidden = held.size > 0;
  // On its own page the batch stays when it is loaded again; what was not sent is still to be read here.
  if (own && !held.size && isDone() && !list.children.length) location.assign(own);
}

function send(film) {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  tell(film, words.sending, 0);
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) tell(film, `${words.sending} ${Math.round((100 * event.loaded) / event.total)} %`, event.loaded / event.total);
  };
  request.upload.onload = () => tell(film, words.reading);
  request.onload = () => {
    const after = Number(request.getResponseHeader("Retry-After"));
    if ((request.status === 503 || request.status === 429) && after) return again(film, after);
    if (request.status === 401 || (request.responseURL && request.responseURL.endsWith("/login"))) {
      held.clear();
      return location.reload();
    }
    return done(film, request.response || { title: `HTTP ${request.status}`, sentence: "", kind: "error", symbol: "!" });
  };
  request.onerror = () => done(film, { title: words.lost, kind: "error", symbol: "!" });
  request.send(film.fields);
}

// The device says after how many seconds it has room again.
function again(film, seconds) {
  tell(film, words.waiting, 0);
  setTimeout(() => send(film), 1000 * Math.min(seconds, 60));
}

function refuse(name, sentence) {
  const item = make("li", "error"), title = make("span", "chip error"), symbol = make("span", "", "!");
  symbol.setAttribute("aria-hidden", "true");
  title.append(symbol, ` ${words.notSent}`);
  if (name) item.append(make("span", "file", name));
  item.append(title, make("span", "why", sentence));
  list.prepend(item);
  document.getElementById("outcomes-part").hidden = false;
  announced.textContent = `${name} ${sentence}`;
}

async function done(film, outcome) {
  running -= 1;
  held.delete(film);
  if (film.item) show(film, outcome);
  else if (!outcome.url && outcome.title === words.lost) refuse(film.fields.get("film").name, words.lost);
  if (running || waiting.length) {
    next();
    if (film.batch) await refresh(decorate);
    return;
  }
  if (film.batch) await refresh(decorate);
  else if (list.children.length === 1 && !batch.children.length && last) return location.assign(last); // what was wanted
  announced.textContent = `${outcome.title}. ${words.done}`;
}

function show(film, outcome) {
  const chip = make("span", `chip ${outcome.kind}`), symbol = make("span", "", outcome.symbol);
  symbol.setAttribute("aria-hidden", "true");
  chip.append(symbol, ` ${outcome.title}`);
  film.bar.remove();
  film.place.replaceWith(chip);
  film.item.classList.add(outcome.kind);
  if (outcome.sentence) {
    const why = make("span", "why", outcome.sentence);
    why.lang = outcome.lang || document.documentElement.lang; // the program's own sentences are English
    film.item.append(why);
  }
  if (outcome.url) {
    const link = make("a", "", words.open);
    link.href = outcome.url;
    film.item.append(link);
    last = outcome.url;
  }
  announced.textContent = outcome.title;
}

picker.addEventListener("change", () => {
  add([...picker.files]);
  picker.value = "";
});
if (photograph) {
  const camera = document.getElementById("camera");
  camera.addEventListener("change", () => {
    add([...camera.files], photograph);
    camera.value = "";
  });
}
form.addEventListener("submit", (event) => event.preventDefault()); // Return in the label sends nothing
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  add([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) {
    event.preventDefault();
    add([...event.clipboardData.files]);
  }
});
