// The values of a film: tiles as the device sends them (edge_app/web/readings/film_file.py), and how they become grey.
"use strict";

// Undo what a tile was stored as: each value's difference from its left neighbour, all high bytes before all low ones.
export function valuesOf(bytes, width, bytesEach) {
  const count = bytes.length / bytesEach, values = new Uint16Array(count);
  const low = bytesEach === 2 ? count : 0, most = bytesEach === 2 ? 0xffff : 0xff;
  for (let at = 0; at < count; at++) {
    const before = at % width ? values[at - 1] : 0;
    const apart = bytesEach === 2 ? (bytes[at] << 8) | bytes[low + at] : bytes[at];
    values[at] = (before + apart) & most;
  }
  return values;
}

// The grey of a level of a window, 0 to 1 (PS3.3 C.11.2.1.2 and C.11.2.1.3).
function level(unit, window) {
  if (window.function === "SIGMOID") return 1 / (1 + Math.exp(-4 * (unit - window.centre) / window.width));
  if (window.function === "LINEAR") return (unit - (window.centre - 0.5)) / Math.max(window.width - 1, 1e-9) + 0.5;
  return (unit - window.centre) / window.width + 0.5;
}

// The colour of every value, as a word of a canvas: modality, window, polarity, in the order of PS3.4 N.2.
export function lookup(facts, window, inverted) {
  const table = new Uint32Array(65536);
  for (let value = 0; value <= facts.highest; value++) {
    let grey = Math.round(255 * Math.min(1, Math.max(0, level(facts.slope * value + facts.intercept, window))));
    if (facts.inverse) grey = 255 - grey;
    if (facts.padding && value >= facts.padding[0] && value <= facts.padding[1]) grey = 0;
    if (inverted) grey = 255 - grey;
    table[value] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  return table;
}

export function paint(tile, table) {
  const context = tile.context, values = tile.values;
  if (!context.canvas.width) return; // the library has let it go
  const image = context.createImageData(tile.width, tile.height);
  const words = new Uint32Array(image.data.buffer);
  for (let at = 0; at < values.length; at++) words[at] = table[values[at]];
  context.putImageData(image, 0, 0);
}

// The windows that one click sets: of the file, of the lungs, of what is dense, of all there is.
export function presets(facts, tile, box) {
  const all = sorted(tile, facts, [0, 0, 1, 1]), lungs = sorted(tile, facts, box || [0.15, 0.15, 0.85, 0.85]);
  const brightFirst = facts.inverse !== facts.slope < 0;
  const unit = value => facts.slope * value + facts.intercept;
  const between = (values, from, to) => {
    const [low, high] = brightFirst ? [1 - to, 1 - from] : [from, to]; // shares are counted from dark to bright
    return spanning(unit(share(values, low)), unit(share(values, high)));
  };
  return {
    file: facts.window,
    // Of the pixels in the box of the lungs the darker ones are lung; the bright tenths are ribs, heart and diaphragm.
    lungs: between(lungs, 0.02, 0.7),
    dense: between(all, 0.5, 0.995),
    full: spanning(unit(facts.lowest), unit(facts.highest)),
  };
}

function spanning(one, other) {
  const width = Math.max(Math.abs(other - one), 1);
  return { centre: (one + other) / 2, width, function: "LINEAR_EXACT" };
}

function sorted(tile, facts, [top, left, bottom, right]) {
  const [padded, upTo] = facts.padding || [1, 0], found = [];
  for (let y = Math.floor(top * tile.height); y < bottom * tile.height; y++)
    for (let x = Math.floor(left * tile.width); x < right * tile.width; x++) {
      const value = tile.values[y * tile.width + x];
      if (value < padded || value > upTo) found.push(value);
    }
  return Uint16Array.from(found.length ? found : tile.values).sort();
}

function share(values, part) {
  return values[Math.min(values.length - 1, Math.floor(part * values.length))];
}
