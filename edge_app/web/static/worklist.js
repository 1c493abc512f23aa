// Keys of the worklist: move, open, select, search. They do nothing while something is typed, and can be turned off.
"use strict";
const rows = [...document.querySelectorAll("table.worklist tbody tr")], keys = document.getElementById("keys");
const find = document.getElementById("find"), OFF = "worklist-keys-off";
// On a phone the films come first, and the search is a touch away; a wide screen has room for both.
if (matchMedia("(min-width: 40.01rem)").matches) find.open = true;

for (const one of document.querySelectorAll("[data-scripted]")) one.hidden = false;

function isOff() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false; // a browser that keeps nothing
  }
}

function link(row) {
  return row.querySelector("[data-open]");
}

function move(step) {
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))];
  link(next).focus();
  next.scrollIntoView({ block: "nearest" });
}

function select() {
  const row = rows.find((one) => one.contains(document.activeElement));
  if (row) row.querySelector("input[type=checkbox]").click();
}

const DO = {
  j: () => move(1),
  k: () => move(-1),
  x: select,
  "/": () => {
    find.open = true;
    document.getElementById("q").focus();
  },
  "?": () => {
    keys.open = !keys.open;
    if (keys.open) keys.querySelector("summary").focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isOff() || !rows.length) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  const inTable = event.target.closest("table.worklist");
  const act = { ArrowDown: inTable && DO.j, ArrowUp: inTable && DO.k }[event.key] || DO[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

if (keys) {
  const off = document.getElementById("keys-off");
  const show = () => off.setAttribute("aria-pressed", String(isOff()));
  off.addEventListener("click", () => {
    try {
      localStorage.setItem(OFF, isOff() ? "0" : "1");
    } catch {
      // as above
    }
    show();
  });
  show();
}
for (const row of rows) {
  const box = row.querySelector("input[type=checkbox]");
  box.addEventListener("change", () => row.classList.toggle("chosen", box.checked));
  row.classList.toggle("chosen", box.checked);
}
