// The viewer's tools: buttons, keys and pointers of each film of the page. Without scripts the film's picture stays.
"use strict";
import { opened, smaller } from "./viewer_film.js";
import { Measure } from "./viewer_measure.js";

// Pixels that an arrow key moves; by how much plus and minus zoom; pixels of a drag that a letter is worth.
const PAN = 60, ZOOM = 1.4, LETTER = 20;
// Milliseconds after which a press is a hold: what it hid comes back when it ends.
const HOLD = 350;
const PRESETS = ["file", "lungs", "dense", "full"];

class Tools {
  constructor(figure, film) {
    this.figure = figure;
    this.film = film;
    this.bar = figure.querySelector("[data-tools]");
    this.keys = figure.querySelector("[data-keys]");
    this.said = figure.querySelector("[data-said]");
    this.measure = new Measure(film, figure.querySelector("[data-sheet]"), text => this.say(text));
    this.mode = "move";
    film.changed = () => this.update();
    this.bar.hidden = false;
    this.listen();
    this.setMode("move");
    this.name();
    this.update();
  }

  name() {
    const canvas = this.film.osd.canvas;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", this.bar.dataset.name);
    const spacing = this.film.facts.spacing;
    for (const note of this.figure.querySelectorAll("[data-spacing]"))
      note.hidden = note.dataset.spacing !== (spacing ? spacing.source : "none");
  }

  say(text) {
    this.said.textContent = text;
  }

  update() {
    const { window, presets, inverted } = this.film, digits = Math.abs(presets.file.width) < 50 ? 1 : 0;
    const told = { centre: window.centre.toFixed(digits), width: window.width.toFixed(digits) };
    for (const [name, value] of Object.entries(told)) this.bar.querySelector(`[data-${name}]`).textContent = value;
    this.bar.querySelector("[data-zoomed]").textContent = `${Math.round(100 * this.film.zoom())} %`;
    const same = name => ["centre", "width"].every(key => Math.abs(presets[name][key] - window[key]) < 1e-6);
    this.bar.querySelector("[data-preset]").value = PRESETS.find(same) || "own";
    this.press("invert", inverted);
    this.press("map", this.figure.classList.contains("no-map"));
    this.press("fill", document.fullscreenElement === this.figure || this.figure.classList.contains("fills"));
    this.measure.draw();
  }

  press(act, pressed) {
    const button = this.bar.querySelector(`[data-act="${act}"]`);
    if (button) button.setAttribute("aria-pressed", pressed);
  }

  setMode(mode) {
    this.mode = mode;
    this.figure.dataset.mode = mode;
    for (const button of this.bar.querySelectorAll("[data-mode-is]"))
      button.setAttribute("aria-pressed", button.dataset.modeIs === mode);
    this.measure.active = mode === "measure";
    this.measure.draw();
    this.figure.querySelector("[data-spacings]").hidden = mode !== "measure";
  }

  preset(name) {
    this.film.show(this.film.presets[name]);
  }

  reset() {
    this.film.show(this.film.presets.file, false);
    this.film.home();
    this.measure.clear();
    this.figure.classList.remove("no-map");
    this.setMode("move");
    this.update();
  }

  async fill() {
    const figure = this.figure;
    if (document.fullscreenElement === figure) return document.exitFullscreen();
    if (figure.classList.contains("fills")) figure.classList.remove("fills");
    else
      try {
        await figure.requestFullscreen();
      } catch { // a phone that gives it to videos alone: the film fills the window
        figure.classList.add("fills");
      }
    return this.update();
  }

  act(name) {
    const acts = {
      in: () => this.film.zoomBy(ZOOM),
      out: () => this.film.zoomBy(1 / ZOOM),
      fit: () => this.film.home(),
      invert: () => this.film.show(this.film.window, !this.film.inverted),
      reset: () => this.reset(),
      fill: () => this.fill(),
      keys: () => this.keys.showModal(),
    };
    acts[name]?.();
  }

  listen() {
    this.bar.addEventListener("click", event => {
      const button = event.target.closest("button");
      if (button?.dataset.modeIs) this.setMode(button.dataset.modeIs);
      else if (button?.dataset.act && button.dataset.act !== "map") this.act(button.dataset.act);
    });
    this.bar.querySelector("[data-preset]").addEventListener("change", event => this.preset(event.target.value));
    this.figure.addEventListener("keydown", event => this.key(event));
    this.figure.addEventListener("keyup", event => {
      if (event.key.toLowerCase() === "h") this.letGo();
    });
    document.addEventListener("fullscreenchange", () => this.update());
    this.listenToMap();
    this.listenToPointers();
  }

  // Before and after: a press hides the map until the next one, a hold only as long as it lasts.
  listenToMap() {
    const button = this.bar.querySelector('[data-act="map"]');
    if (!button) return;
    button.addEventListener("pointerdown", () => this.hide());
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(end, () => this.letGo());
    button.addEventListener("click", event => {
      if (event.detail) return; // of a pointer, which has been seen already
      this.hide();
      this.letGo();
    });
  }

  hide() {
    if (this.held) return;
    this.held = { since: performance.now(), was: this.figure.classList.contains("no-map") };
    this.figure.classList.toggle("no-map");
    this.update();
  }

  letGo() {
    if (!this.held) return;
    const { since, was } = this.held;
    this.held = null;
    if (performance.now() - since > HOLD) this.figure.classList.toggle("no-map", was);
    this.update();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.keys.open) return;
    if (event.target.matches("select, input, textarea")) return;
    const onFilm = this.film.osd.canvas.contains(event.target), fine = event.shiftKey ? 0.1 : 1;
    const arrows = { ArrowLeft: [-PAN, 0], ArrowRight: [PAN, 0], ArrowUp: [0, -PAN], ArrowDown: [0, PAN] };
    const letters = {
      "+": () => this.act("in"), "=": () => this.act("in"), "-": () => this.act("out"), 0: () => this.act("fit"),
      w: () => this.film.drag(LETTER * fine, 0), n: () => this.film.drag(-LETTER * fine, 0),
      b: () => this.film.drag(0, -LETTER * fine), d: () => this.film.drag(0, LETTER * fine),
      i: () => this.act("invert"), r: () => this.reset(), f: () => this.act("fill"), "?": () => this.act("keys"),
      h: () => event.repeat || this.hide(), v: () => this.setMode("move"), l: () => this.setMode("window"),
      m: () => this.setMode("measure"), 1: () => this.preset("file"), 2: () => this.preset("lungs"),
      3: () => this.preset("dense"), 4: () => this.preset("full"),
    };
    let act = letters[event.key.toLowerCase()];
    if (onFilm && arrows[event.key]) act = () => this.film.pan(...arrows[event.key].map(by => by * fine));
    if (onFilm && event.key === "Enter" && this.mode === "measure") act = () => this.measure.set();
    if (event.key === "Escape" && this.mode !== "move") act = () => this.setMode("move");
    if (event.key === "Escape" && this.figure.classList.contains("fills")) act = () => this.fill();
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // The left button does what the mode says, the right one always sets the window.
  listenToPointers() {
    const holder = this.film.holder;
    let drag = null;
    const at = event => {
      const box = holder.getBoundingClientRect();
      return this.film.toPixels(event.clientX - box.left, event.clientY - box.top);
    };
    const take = event => {
      event.stopPropagation();
      event.preventDefault();
    };
    holder.addEventListener("contextmenu", event => event.preventDefault());
    holder.addEventListener("pointerdown", event => {
      const does = event.button === 2 ? "window" : this.mode;
      if (event.button === 1 || does === "move" || drag) return;
      take(event);
      drag = { does, id: event.pointerId, x: event.clientX, y: event.clientY };
      holder.setPointerCapture(event.pointerId);
      this.film.osd.canvas.focus({ preventScroll: true });
      if (does === "measure") this.measure.begin(at(event));
    }, true);
    holder.addEventListener("pointermove", event => {
      if (event.pointerId !== drag?.id) return;
      take(event);
      if (drag.does === "measure") return this.measure.follow(at(event));
      this.film.drag(event.clientX - drag.x, event.clientY - drag.y);
      Object.assign(drag, { x: event.clientX, y: event.clientY });
    }, true);
    for (const end of ["pointerup", "pointercancel"])
      holder.addEventListener(end, event => {
        if (event.pointerId !== drag?.id) return;
        take(event);
        if (drag.does === "measure") this.measure.end(at(event));
        drag = null;
      }, true);
  }
}

// Whatever has `data-heat-src` inside a film's figure shows that map instead, with `data-heat-alt` as its words.
function switchMaps(figure) {
  figure.addEventListener("click", event => {
    const chosen = event.target.closest("[data-heat-src]"), heat = figure.querySelector("img.heat");
    if (!chosen || !heat) return;
    heat.src = chosen.dataset.heatSrc;
    heat.alt = chosen.dataset.heatAlt || heat.alt;
    for (const one of figure.querySelectorAll("[data-heat-src]")) one.setAttribute("aria-pressed", one === chosen);
  });
}

for (const figure of document.querySelectorAll("[data-viewer]")) {
  switchMaps(figure);
  opened(figure).then(async film => {
    figure.querySelector("[data-smaller]").hidden = Boolean(film);
    figure.tools = new Tools(figure, film || (await smaller(figure)));
    figure.dataset.ready = "1";
  }).catch(() => {}); // the picture of the page stays
}
