// Shows what the camera sees: a picture and its advice at a time, so that no request stays open.
"use strict";
const live = document.getElementById("live"), view = document.getElementById("view");
const advice = document.getElementById("advice"), bar = document.getElementById("progress");
const last = document.getElementById("last"), answers = document.getElementById("answers"), form = document.getElementById("shutter");
// Only the page of `serve` has a patient label, only that of `camera` shows the film that was judged last.
const label = document.getElementById("label"), film = document.getElementById("last-film");
// Milliseconds between two pictures, and after a fault.
const PAUSE = 150, REST = 2000;
const next = document.getElementById("do-next");
let spoken = "", shown, begun = false;
const pause = (time) => new Promise((then) => setTimeout(then, time));

function say(lines) {
  const text = lines.join("\n");
  if (text === spoken) return; // a screen reader would say it again
  spoken = text;
  advice.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

// A film that is judged once more has the same picture.
const judgedAt = (state) => `${state.url} ${state.judged}`;

function tell(state) {
  say(state.advice);
  bar.value = state.progress;
  next.textContent = `${state.do} ${state.next}`;
  document.dispatchEvent(new CustomEvent("live:state", { detail: state }));
  const known = !begun || judgedAt(state) === shown; // what was judged before the page was opened is no news
  begun = true;
  shown = judgedAt(state);
  if (known || !state.url) return;
  document.dispatchEvent(new CustomEvent("live:judged", { detail: state }));
  const link = document.createElement("a"), symbol = document.createElement("span");
  link.href = state.url;
  link.className = `chip ${state.kind}`;
  symbol.textContent = state.symbol;
  symbol.setAttribute("aria-hidden", "true");
  link.append(symbol, ` ${state.title}`);
  last.replaceChildren(link);
  answers.replaceChildren(...state.findings.map((words) => {
    const one = document.createElement("span");
    one.textContent = words;
    return one;
  }));
  if (film && state.picture) {
    film.src = state.picture;
    film.hidden = false;
  }
}

async function look() {
  const answer = await fetch(live.dataset.state, { headers: { Accept: "application/json" } });
  if (answer.redirected || answer.status === 401) return location.reload();
  if (!answer.ok) throw new Error(answer.status);
  const state = await answer.json();
  tell(state);
  if ("frozen" in live.dataset) return pause(PAUSE); // by `kiosk.js`
  view.src = `${live.dataset.picture}?${state.number}`;
  await view.decode().catch(() => {});
  return pause(PAUSE);
}

async function run() {
  for (;;) {
    if (document.hidden) {
      await pause(REST);
    } else {
      try {
        await look();
      } catch {
        say([live.dataset.lost]);
        await pause(REST);
      }
    }
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "application/json" } }).catch(() => {});
});
label?.addEventListener("keydown", (event) => event.stopPropagation());
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target === document.body) {
    event.preventDefault();
    form.requestSubmit();
  }
});
run();
