// A film in OpenSeadragon: its tiles, its window, and the layers of the page that lie on it at every zoom.
"use strict";
import { lookup, paint, presets, valuesOf } from "./viewer_values.js";

// Milliseconds between two questions whether a film that is just being made is there, and questions at most.
const AGAIN = 400, MOST_QUESTIONS = 100;
// Pixels of the screen for one of the film, at most; and the least zoom, where 1 is the whole film.
const CLOSEST = 8, FARTHEST = 0.8;
// Pixels to drag for the whole width of the file's window.
const DRAG = 400;

// The library puts a style of its own into the page, which the Content Security Policy forbids, unless it finds that it
// has done so already; this element, which is no style, tells it that (the page's own style shows the focus).
const STYLED = "data-openseadragon-mobile-css";
function keepStylesOut() {
  if (document.querySelector(`style[${STYLED}]`)) return;
  const mark = document.createElementNS("urn:none", "style");
  mark.setAttribute(STYLED, "");
  document.head.append(mark);
}

export class Film {
  // `figure` has the layers; `facts` and `load`, (level, column, row) -> Promise of {values, width, height}, its values.
  constructor(figure, facts, load, first) {
    this.figure = figure;
    this.facts = facts;
    this.load = load;
    this.stage = figure.querySelector("[data-layers]");
    this.layers = [...this.stage.querySelectorAll("img")];
    const box = this.stage.dataset.lungs;
    this.presets = presets(facts, first, box ? box.split(",").map(Number) : null);
    this.window = { ...this.presets.file };
    this.inverted = false;
    this.tiles = new Map();
    this.changed = () => {};
    this.table = lookup(facts, this.window, false);
    this.open();
  }

  open() {
    this.stage.style.aspectRatio = `${this.facts.width} / ${this.facts.height}`;
    this.holder = this.stage.querySelector("[data-canvas]");
    this.holder.hidden = false;
    this.figure.classList.add("opened");
    keepStylesOut();
    this.osd = OpenSeadragon({
      element: this.holder,
      tileSources: this.source(),
      drawer: "canvas",
      showNavigationControl: false,
      keyboardNavEnabled: false,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      gestureSettingsTouch: { flickEnabled: false, dblClickToZoom: true },
      maxZoomPixelRatio: CLOSEST,
      minZoomImageRatio: FARTHEST,
      visibilityRatio: 0.5,
      constrainDuringPan: true,
      animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.25,
      immediateRender: true,
      loadTilesWithAjax: false,
      preserveImageSizeOnResize: false,
    });
    this.osd.innerTracker.keyHandler = this.osd.innerTracker.keyDownHandler = null;
    for (const event of ["update-viewport", "open"]) this.osd.addHandler(event, () => this.place());
    this.osd.addHandler("resize", () => {
      // A film that was whole in view stays so, such as in full screen.
      if (this.figure.classList.contains("at-home")) requestAnimationFrame(() => this.osd.viewport.goHome(true));
      this.place();
    });
    this.osd.addHandler("tile-drawn", () => this.figure.classList.add("drawn"));
    this.osd.addHandler("tile-unloaded", event => this.tiles.delete(event.tile.cacheKey));
  }

  source() {
    const film = this, facts = this.facts, last = facts.levels.length - 1;
    return {
      width: facts.width, height: facts.height, tileSize: facts.tile, tileOverlap: 0, minLevel: 0, maxLevel: last,
      getTileUrl: (level, column, row) => `${this.figure.dataset.viewer}#${level}-${column}-${row}`,
      downloadTileStart(job) {
        const { level, x, y } = job.tile;
        film.load(level, x, y).then(part => {
          const canvas = document.createElement("canvas");
          canvas.width = part.width;
          canvas.height = part.height;
          const tile = { ...part, context: canvas.getContext("2d") };
          film.tiles.set(job.tile.cacheKey, tile);
          paint(tile, film.table);
          job.finish(tile.context, null, "context2d");
        }, error => job.fail(String(error), null));
      },
      downloadTileAbort() {},
    };
  }

  // Lay the page's pictures on the film as it is shown now.
  place() {
    const item = this.osd.world.getItemAt(0);
    if (!item) return;
    const at = this.osd.viewport.viewportToViewerElementRectangle(item.getBounds(true));
    for (const layer of this.layers) {
      layer.style.left = `${at.x}px`;
      layer.style.top = `${at.y}px`;
      layer.style.width = `${at.width}px`;
      layer.style.height = `${at.height}px`;
    }
    this.figure.classList.toggle("at-home", this.zoom() <= 1.01);
    this.changed();
  }

  // How many times larger than the whole film in view.
  zoom() {
    return this.osd.viewport.getZoom() / this.osd.viewport.getHomeZoom();
  }

  show(window, inverted = this.inverted) {
    this.window = { ...window, width: Math.max(window.width, window.function === "LINEAR" ? 2 : 1) };
    this.inverted = inverted;
    this.table = lookup(this.facts, this.window, inverted);
    if (this.waits) return;
    this.waits = requestAnimationFrame(() => {
      this.waits = 0;
      for (const tile of this.tiles.values()) paint(tile, this.table);
      this.osd.forceRedraw();
      this.changed();
    });
  }

  // Change the window as a drag by so many pixels to the right and down does: wider, and darker.
  drag(right, down) {
    const step = Math.abs(this.presets.file.width) / DRAG;
    const darker = this.facts.inverse ? -down : down;
    this.show({ ...this.window, width: this.window.width + right * step, centre: this.window.centre + darker * step });
  }

  toPixels(x, y) {
    return this.osd.viewport.viewerElementToImageCoordinates(new OpenSeadragon.Point(x, y));
  }

  toScreen(point) {
    return this.osd.viewport.imageToViewerElementCoordinates(new OpenSeadragon.Point(point.x, point.y));
  }

  pan(right, down) {
    const by = this.osd.viewport.deltaPointsFromPixels(new OpenSeadragon.Point(right, down));
    this.osd.viewport.panBy(by);
    this.osd.viewport.applyConstraints();
  }

  zoomBy(factor) {
    this.osd.viewport.zoomBy(factor);
    this.osd.viewport.applyConstraints();
  }

  home() {
    this.osd.viewport.goHome();
  }
}

// Ask for a film of the device; null if it keeps none.
export async function opened(figure) {
  if (!figure.hasAttribute("data-full-depth")) return null; // none is kept, and the console stays clean
  const address = figure.dataset.viewer, tiles = address.replace(/\.json$/, "");
  const asked = url => fetch(url, { credentials: "same-origin" });
  let answer = await asked(address);
  for (let count = 0; answer.status === 202 && count < MOST_QUESTIONS; count++) {
    await new Promise(done => setTimeout(done, AGAIN));
    answer = await asked(address);
  }
  if (answer.status !== 200) return null;
  const facts = await answer.json(), known = new Map();
  const fetched = async (level, column, row) => {
    const { width, height } = facts.levels[level], told = await asked(`${tiles}/${level}-${column}-${row}`);
    if (!told.ok) throw new Error(`tile: ${told.status}`);
    const across = Math.min(facts.tile, width - column * facts.tile), down = Math.min(facts.tile, height - row * facts.tile);
    const values = valuesOf(new Uint8Array(await told.arrayBuffer()), across, facts.bytes);
    return { values, width: across, height: down };
  };
  const load = (level, column, row) => {
    if (level) return fetched(level, column, row);
    if (!known.has("first")) known.set("first", fetched(0, 0, 0)); // the presets need it as well
    return known.get("first");
  };
  return new Film(figure, facts, load, await load(0, 0, 0));
}

// Take the page's own smaller picture for the film, where the device keeps no other.
export async function smaller(figure) {
  const picture = figure.querySelector("img.under");
  await picture.decode();
  const canvas = document.createElement("canvas"), width = picture.naturalWidth, height = picture.naturalHeight;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const values = Uint16Array.from(context.getImageData(0, 0, width, height).data.filter((_, at) => at % 4 === 0));
  const only = { values, width, height };
  const facts = {
    width, height, bytes: 1, tile: Math.max(width, height), slope: 1, intercept: 0, lowest: 0, highest: 255,
    inverse: false, padding: null, spacing: null, levels: [{ width, height }],
    window: { centre: 127.5, width: 255, function: "LINEAR_EXACT" },
  };
  return new Film(figure, facts, () => Promise.resolve(only), only);
}
