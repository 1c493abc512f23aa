// Fades the heat map and hides the outline of a film, and prints. Without scripts the layers simply stay as they are.
"use strict";
for (const film of document.querySelectorAll("[data-film]")) {
  const heat = film.querySelector(".heat"), lungs = film.querySelector(".lungs");
  const controls = film.querySelector("[data-controls]");
  if (!heat || !controls) continue;
  controls.hidden = false;
  const fade = controls.querySelector("[data-fade]"), percent = controls.querySelector("[data-faded]");
  const outline = controls.querySelector("[data-outline]");
  const show = () => {
    heat.style.opacity = fade.value / 100;
    lungs.style.visibility = outline.checked ? "visible" : "hidden";
    percent.textContent = `${fade.value} %`;
  };
  fade.addEventListener("input", show);
  outline.addEventListener("change", show);
  show(); // a browser that comes back remembers what was set
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
