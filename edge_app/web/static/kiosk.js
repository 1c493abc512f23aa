// Fills the screen with the live page: the picture freezes when a film is judged, and its verdict lies over it until the
// button is pressed or another film is held up. Without scripts the page stays as it is.
"use strict";
{
  const body = document.body, frame = document.getElementById("live"), judged = document.getElementById("judged");
  const press = document.getElementById("press"), fill = document.getElementById("fill"), leave = document.getElementById("leave");
  const part = (name) => document.getElementById(`judged-${name}`);
  // Milliseconds for which a verdict stays at least: a hand that trembles must not take it away.
  const LEAST = 3000;
  const asked = body.classList.contains("kiosk"), assess = press.textContent;
  let since = 0, gone = false, film = "";

  function showVerdict(state) {
    since = Date.now();
    gone = film === "none" || film === "done"; // of the state that brought the verdict; the next may show the next film
    judged.className = `judged verdict ${state.kind}`;
    part("symbol").textContent = state.symbol;
    part("title").textContent = state.title;
    part("do").textContent = state.do;
    part("next").textContent = state.next;
    part("findings").replaceChildren(...state.answers.map((answer) => {
      const item = document.createElement("li"), symbol = document.createElement("span");
      item.className = `chip ${answer.kind}`;
      symbol.textContent = answer.symbol;
      symbol.setAttribute("aria-hidden", "true");
      item.append(symbol, ` ${answer.words}`);
      return item;
    }));
    judged.hidden = false;
    body.classList.add("told");
    frame.dataset.frozen = "";
    press.textContent = press.dataset.next;
    fit();
  }

  // Long words of a language are made a little smaller, down to two thirds, until all of them are seen.
  function fit() {
    judged.style.fontSize = "";
    const size = parseFloat(getComputedStyle(judged).fontSize);
    for (let share = 0.98; share > 2 / 3 && judged.scrollHeight > judged.clientHeight; share -= 0.02) {
      judged.style.fontSize = `${size * share}px`;
    }
  }

  function goOn() {
    judged.hidden = true;
    body.classList.remove("told");
    delete frame.dataset.frozen;
    press.textContent = assess;
  }

  function setKiosk(on) {
    body.classList.toggle("kiosk", on);
    if (!on) goOn();
  }

  document.addEventListener("live:judged", ({ detail }) => {
    if (body.classList.contains("kiosk")) showVerdict(detail);
  });
  document.addEventListener("live:state", ({ detail }) => {
    film = detail.film;
    if (judged.hidden) return;
    if (part("next").textContent !== detail.next) {
      part("next").textContent = detail.next;
      fit();
    }
    gone = gone || film === "none" || film === "done";
    if (gone && film === "new" && Date.now() - since > LEAST) goOn();
  });
  document.addEventListener("submit", (event) => {
    if (judged.hidden) return;
    goOn();
    if (film === "new") return; // the next film is there already: `live.js` presses the shutter
    event.preventDefault();
    event.stopPropagation();
  }, true);
  addEventListener("resize", () => judged.hidden || fit());
  if (!asked) {
    fill.hidden = false;
    fill.addEventListener("click", () => {
      setKiosk(true);
      press.focus();
      document.documentElement.requestFullscreen?.().catch(() => {}); // a phone may not allow it: the page fills its window
    });
    leave.addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      setKiosk(false);
      fill.focus();
    });
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement) setKiosk(false);
    });
  }
}
