"use strict";
const body = document.querySelector("tbody"), search = document.querySelector("#search");
search.oninput = () => {
  const wanted = search.value.toLowerCase();
  for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
};
// A cell is sorted by its data-key if it has one; numbers stand before words.
const key = (row, at) => {
  const text = row.cells[at].dataset.key ?? row.cells[at].textContent;
  return text !== "" && !isNaN(text) ? Number(text) : text;
};
const compare = (one, other) => {
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return (one > other) - (one < other);
};
document.querySelectorAll("th button").forEach((heading, at) => {
  let direction = -1;
  heading.onclick = () => {
    direction = -direction;
    const rows = [...body.rows].sort((one, other) => direction * compare(key(one, at), key(other, at)));
    body.append(...rows);
  };
});
const counts = {};
for (const row of body.rows) {
  const verdict = row.querySelector(".verdict");
  (counts[verdict.textContent] ??= { kind: verdict.className, films: 0 }).films += 1;
}
const most = Math.max(...Object.values(counts).map((count) => count.films), 1);
for (const [name, { kind, films }] of Object.entries(counts)) {
  const line = document.createElement("div"), bar = document.createElement("i");
  line.className = kind;
  bar.style.width = `${(20 * films) / most}rem`;
  line.append(bar, `${films} ${name}`);
  document.querySelector(".counts").append(line);
}
