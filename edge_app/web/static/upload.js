// Sends chosen, dropped, pasted and photographed films one request each, and shows how far each is.
"use strict";
const form = document.getElementById("upload"), photograph = document.getElementById("photograph");
const words = form.dataset, list = document.getElementById("outcomes"), announced = document.getElementById("announced");
const drop = document.getElementById("drop"), picker = document.getElementById("film");
// Two at a time: one is read while the next is on its way, and the device's queue stays short for others.
const TOGETHER = 2;
const waiting = [];
let running = 0, sent = 0, last = "";

document.documentElement.classList.add("scripted");
for (const one of document.querySelectorAll("[data-scripted]")) one.hidden = false;
for (const one of document.querySelectorAll("[data-unscripted]")) one.hidden = true;

function make(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

function add(files, from = form) {
  for (const file of files) {
    const item = make("li"), state = make("span", "state", words.sending), bar = make("progress");
    const name = file.name || "film.png";
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", name);
    item.append(make("span", "file", name), bar, state);
    list.prepend(item);
    const fields = new FormData(from);
    fields.set("film", file, name);
    fields.set("label", form.elements.label.value);
    waiting.push({ fields, item, bar, state });
    sent += 1;
  }
  document.getElementById("outcomes-part").hidden = false;
  next();
}

function next() {
  while (running < TOGETHER && waiting.length) {
    running += 1;
    send(waiting.shift());
  }
}

function send(film) {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) film.bar.value = event.loaded / event.total;
  };
  request.upload.onload = () => {
    film.bar.removeAttribute("value");
    film.state.textContent = words.reading;
  };
  request.onload = () => {
    const after = Number(request.getResponseHeader("Retry-After"));
    if ((request.status === 503 || request.status === 429) && after) return again(film, after);
    if (request.status === 401 || (request.responseURL && request.responseURL.endsWith("/login"))) return location.reload();
    return done(film, request.response || { title: `HTTP ${request.status}`, sentence: "", kind: "error", symbol: "!" });
  };
  request.onerror = () => done(film, { title: words.lost, kind: "error", symbol: "!" });
  request.send(film.fields);
}

// The device says after how many seconds it has room again.
function again(film, seconds) {
  film.state.textContent = words.waiting;
  film.bar.value = 0;
  setTimeout(() => send(film), 1000 * Math.min(seconds, 60));
}

function done(film, outcome) {
  running -= 1;
  const chip = make("span", `chip ${outcome.kind}`), symbol = make("span", "", outcome.symbol);
  symbol.setAttribute("aria-hidden", "true");
  chip.append(symbol, ` ${outcome.title}`);
  film.bar.remove();
  film.state.replaceWith(chip);
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
  if (running || waiting.length) return next();
  announced.textContent = `${outcome.title}. ${words.done}`;
  if (sent === 1 && last) location.assign(last); // one film: its reading is what was wanted
  sent = 0;
}

picker.addEventListener("change", () => {
  add(picker.files);
  picker.value = "";
});
if (photograph) {
  const camera = document.getElementById("camera");
  camera.addEventListener("change", () => {
    add(camera.files, photograph);
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
  add(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) {
    event.preventDefault();
    add(event.clipboardData.files);
  }
});
