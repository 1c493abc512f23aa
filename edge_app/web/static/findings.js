// Chooses the heat map that lies on the film. Without scripts the map that the verdict is about stays.
"use strict";
for (const film of document.querySelectorAll("[data-film]")) {
  const heat = film.querySelector(".heat"), maps = film.querySelector("[data-maps]");
  if (!heat || !maps) continue;
  maps.hidden = false;
  const show = () => {
    const chosen = maps.querySelector("input:checked"), label = chosen.value;
    const src = label ? film.getAttribute(`data-heat-${label}`) : "", alt = label ? chosen.dataset.alt : "";
    if (src && heat.getAttribute("src") !== src) heat.src = src;
    if (alt) heat.alt = alt;
    heat.hidden = !label;
    for (const words of film.querySelectorAll("[data-words]")) words.hidden = words.dataset.words !== label;
    film.dispatchEvent(new CustomEvent("heat:chosen", { bubbles: true, detail: { label, src, alt } }));
  };
  maps.addEventListener("change", show);
  if (!maps.querySelector("input:checked").defaultChecked) show(); // a browser that comes back remembers the choice
  for (const button of document.querySelectorAll("[data-show-map]")) {
    button.parentElement.hidden = false;
    button.addEventListener("click", () => {
      const choice = maps.querySelector(`[value="${button.dataset.showMap}"]`);
      choice.checked = true;
      show();
      film.scrollIntoView({ block: "nearest" });
      choice.focus({ preventScroll: true });
    });
  }
}
