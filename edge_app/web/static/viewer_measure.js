// Distances on a film, in mm where its header gives the spacing of pixels, else in pixels.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
// Pixels of a cross; and of a drag below which it was none.
const CROSS = 9, LEAST = 4;

export class Measure {
  // Draws into the svg `sheet`; `said` is told each finished length.
  constructor(film, sheet, said) {
    Object.assign(this, { film, sheet, said, lines: [], begun: null, active: false });
  }

  length(line) {
    const across = line.to.x - line.from.x, down = line.to.y - line.from.y, spacing = this.film.facts.spacing;
    if (!spacing) return `${Math.hypot(across, down).toFixed(0)} px`;
    return `${Math.hypot(across * spacing.column, down * spacing.row).toFixed(1)} mm`;
  }

  begin(point) {
    this.begun = { from: point, to: point };
    this.draw();
  }

  follow(point) {
    if (!this.begun) return;
    this.begun.to = point;
    this.draw();
  }

  end(point) {
    const line = this.begun;
    if (!line) return;
    line.to = point;
    this.begun = null;
    const [from, to] = [this.film.toScreen(line.from), this.film.toScreen(line.to)];
    if (Math.hypot(to.x - from.x, to.y - from.y) >= LEAST) {
      this.lines.push(line);
      this.said(this.length(line));
    }
    this.draw();
  }

  // The middle of the view, where the keyboard sets points.
  middle() {
    return this.film.toPixels(this.sheet.clientWidth / 2, this.sheet.clientHeight / 2);
  }

  // By the keyboard: the first point, then the second.
  set() {
    if (this.begun) this.end(this.middle());
    else this.begin(this.middle());
  }

  clear() {
    this.lines = [];
    this.begun = null;
    this.draw();
  }

  draw() {
    this.sheet.replaceChildren();
    for (const line of this.begun ? [...this.lines, this.begun] : this.lines) this.drawLine(line);
    if (!this.active) return;
    const x = this.sheet.clientWidth / 2, y = this.sheet.clientHeight / 2;
    this.add("path", { d: `M${x - 2 * CROSS} ${y}h${4 * CROSS}M${x} ${y - 2 * CROSS}v${4 * CROSS}`, class: "aim" });
  }

  drawLine(line) {
    const from = this.film.toScreen(line.from), to = this.film.toScreen(line.to);
    const cross = at => `M${at.x - CROSS} ${at.y}h${2 * CROSS}M${at.x} ${at.y - CROSS}v${2 * CROSS}`;
    const path = `M${from.x} ${from.y}L${to.x} ${to.y}${cross(from)}${cross(to)}`;
    this.add("path", { d: path, class: "rim" });
    this.add("path", { d: path, class: "line" });
    const text = this.add("text", { x: (from.x + to.x) / 2 + CROSS, y: (from.y + to.y) / 2 - CROSS });
    text.textContent = this.length(line);
  }

  add(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    this.sheet.append(made);
    return made;
  }
}
