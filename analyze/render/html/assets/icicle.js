"use strict";
// The picture: each path a block, as wide as the bytes below it; what holds is above.
(() => {
  const source = document.getElementById("icicle-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const figure = document.getElementById("icicle");
  const field = figure.querySelector(".blocks");
  const crumbs = figure.querySelector(".crumbs");
  const reading = figure.querySelector(".reading");

  const ROOT = 0;
  const MOST_ROWS = 8;
  // Pixels: below the first a block is not drawn; below the second those are not hinted at; below
  // the others a block has no words.
  const NARROWEST = 3;
  const REST = 8;
  const FITS_NAME = 30;
  const FITS_SIZE = 130;

  const count = data.names.length;
  const children = Array.from({ length: count }, () => []);
  const depth = new Array(count).fill(0);
  for (let node = 1; node < count; node++) {
    children[data.parents[node]].push(node);
    depth[node] = depth[data.parents[node]] + 1;
  }
  const isFolded = (node) => data.folded[node] > 0;
  const rows = Math.min(depth.reduce((a, b) => Math.max(a, b), 0) + 1, MOST_ROWS);
  // Rows that were drawn so far: what is below the picture moves down at times, never up.
  let high = 0;

  let zoomed = ROOT;
  let current = ROOT;
  let weights = data.bytes;
  let places = new Map();
  // Where blocks too narrow to be drawn would be.
  let rests = [];
  const elements = new Map();

  // --- numbers and names

  const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
  function bytes(size, signed) {
    let value = Math.abs(size);
    let unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit += 1;
    }
    const digits = unit ? 1 : 0;
    const shown = value.toLocaleString("en", {
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    });
    return `${size < 0 ? "-" : signed && size > 0 ? "+" : ""}${shown} ${UNITS[unit]}`;
  }

  function share(part, whole) {
    const percent = whole > 0 ? (100 * part) / whole : 0;
    if (percent > 0 && percent < 0.05) return "under 0.1 %";
    return `${percent.toFixed(percent >= 0.95 || percent === 0 ? 0 : 1)} %`;
  }

  function objects(number) {
    return `${number.toLocaleString("en")} ${number === 1 ? "object" : "objects"}`;
  }

  function line(node) {
    const found = [];
    for (let at = node; at >= 0; at = data.parents[at]) found.push(at);
    return found.reverse();
  }

  function path(node) {
    const steps = line(node).slice(1).map((each) => data.names[each]);
    return steps.length ? steps.join(" › ") : data.names[ROOT];
  }

  function facts(node) {
    const found = [
      `${bytes(data.bytes[node])}, ${share(data.bytes[node], data.bytes[ROOT])} of the heap`,
      objects(data.objects[node]),
    ];
    if (data.deltas) {
      const change = data.objectDeltas[node];
      found.push(data.deltas[node] || change
        ? `${bytes(data.deltas[node], true)}, ${change > 0 ? "+" : ""}${objects(change)} since the first snapshot`
        : "the same as in the first snapshot");
    }
    return found;
  }

  // --- where each block is

  function widths() {
    if (!data.deltas) return data.bytes;
    const growth = figure.querySelector("input[value=growth]");
    if (!growth.checked) return data.bytes;
    // A path is as wide as what grew below it, or as itself grew, whichever is more.
    const grown = data.deltas.map((delta) => Math.max(delta, 0));
    const below = new Array(count).fill(0);
    for (let node = count - 1; node > 0; node--) {
      grown[node] = Math.max(grown[node], below[node]);
      below[data.parents[node]] += grown[node];
    }
    grown[ROOT] = Math.max(grown[ROOT], below[ROOT]);
    return grown;
  }

  function layout() {
    const wide = field.clientWidth || 1;
    const found = new Map();
    rests = [];
    const waiting = [[zoomed, 0, 0, wide]];
    while (waiting.length) {
      const [node, row, left, width] = waiting.pop();
      found.set(node, { row, left: left / wide, width: width / wide, pixels: width });
      if (row + 1 >= rows) continue;
      let at = left;
      let missing = 0;
      let narrow = 0;
      for (const child of children[node]) {
        const part = weights[node] > 0 ? (width * weights[child]) / weights[node] : 0;
        if (part >= NARROWEST) {
          waiting.push([child, row + 1, at, part]);
          at += part;
        } else {
          missing += 1;
          narrow += part;
        }
      }
      if (narrow >= REST) rests.push({ row: row + 1, left: at / wide, width: narrow / wide, missing });
    }
    return found;
  }

  // --- drawing

  function draw() {
    places = layout();
    high = Array.from(places.values()).reduce((most, place) => Math.max(most, place.row + 1), high);
    field.style.setProperty("--rows", high);
    if (!places.has(current)) current = zoomed;
    for (const [node, element] of elements) {
      if (!places.has(node)) {
        element.remove();
        elements.delete(node);
      }
    }
    for (const [node, place] of places) {
      const element = elements.get(node) ?? make(node);
      put(element, place);
      element.tabIndex = node === current ? 0 : -1;
      label(element, node, place);
    }
    drawRests();
    drawCrumbs();
    read(current);
  }

  function put(element, place) {
    element.style.left = `${100 * place.left}%`;
    element.style.width = `${100 * place.width}%`;
    element.style.top = `calc(${place.row} * var(--row))`;
  }

  function drawRests() {
    for (const element of field.querySelectorAll(".rests")) element.remove();
    for (const rest of rests) {
      const element = document.createElement("div");
      element.className = "block folded rests";
      element.title = `${rest.missing.toLocaleString("en")} more: zoom in`;
      put(element, rest);
      field.append(element);
    }
  }

  function make(node) {
    const element = document.createElement("button");
    element.type = "button";
    element.dataset.node = node;
    element.className = `block ${data.colours[data.colour[node]]}`;
    element.classList.toggle("odd", depth[node] % 2 === 1);
    element.classList.toggle("leaf", !children[node].length);
    element.classList.toggle("folded", isFolded(node));
    element.setAttribute("aria-label", [path(node), ...facts(node)].join(", "));
    elements.set(node, element);
    field.append(element);
    return element;
  }

  function label(element, node, place) {
    const name = document.createElement("span");
    name.textContent = data.names[node].replace(/^(module|package) /, "");
    element.replaceChildren(...(place.pixels >= FITS_NAME ? [name] : []));
    // Shown by the style: to those who hear the page the label says it already.
    element.dataset.size = place.pixels < FITS_SIZE ? ""
      : weights === data.bytes ? bytes(data.bytes[node]) : bytes(data.deltas[node], true);
  }

  function drawCrumbs() {
    crumbs.replaceChildren(...line(zoomed).map((node) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = data.names[node];
      button.title = data.names[node];
      if (node === zoomed) button.setAttribute("aria-current", "location");
      else button.addEventListener("click", () => zoom(node));
      item.append(button);
      return item;
    }));
  }

  function read(node) {
    const name = document.createElement("code");
    name.textContent = path(node);
    const said = document.createElement("b");
    const [first, ...others] = facts(node);
    said.textContent = first;
    reading.replaceChildren(name, document.createElement("br"), said, ` · ${others.join(" · ")}`);
  }

  // --- moving

  function zoom(node, then = node) {
    const had = field.contains(document.activeElement);
    // Of what has nothing below it, what is above gives the picture.
    zoomed = children[node].length ? node : Math.max(data.parents[node], ROOT);
    current = then;
    draw();
    if (had) elements.get(current)?.focus({ preventScroll: true });
  }

  function out() {
    if (zoomed !== ROOT) zoom(data.parents[zoomed], zoomed);
  }

  function focus(node) {
    if (node === undefined || !elements.has(node)) return;
    elements.get(current)?.setAttribute("tabindex", "-1");
    current = node;
    elements.get(node).tabIndex = 0;
    elements.get(node).focus({ preventScroll: true });
  }

  function beside(step) {
    const row = places.get(current).row;
    const same = [...places].filter(([, place]) => place.row === row)
      .sort(([, a], [, b]) => a.left - b.left).map(([node]) => node);
    return same[same.indexOf(current) + step];
  }

  const KEYS = {
    ArrowDown: () => focus(children[current].find((node) => places.has(node))),
    ArrowUp: () => (current === zoomed ? out() : focus(data.parents[current])),
    ArrowLeft: () => focus(beside(-1)),
    ArrowRight: () => focus(beside(1)),
    Home: () => zoom(ROOT),
  };

  field.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("keydown", (event) => {
    const outward = event.key === "Escape" || event.key === "Backspace";
    if (!outward || zoomed === ROOT || event.target.closest?.("input, textarea, select")) return;
    event.preventDefault();
    out();
  });

  const nodeOf = (event) => {
    const block = event.target.closest("button.block");
    return block ? Number(block.dataset.node) : undefined;
  };
  field.addEventListener("click", (event) => {
    const node = nodeOf(event);
    if (node === undefined) return;
    if (node === zoomed) out();
    else if (children[node].length) zoom(node);
    else focus(node);
  });
  field.addEventListener("pointerover", (event) => {
    const node = nodeOf(event);
    if (node !== undefined) read(node);
  });
  field.addEventListener("pointerleave", () => read(current));
  field.addEventListener("focusin", (event) => {
    const node = nodeOf(event);
    if (node === undefined) return;
    current = node;
    read(node);
  });

  for (const input of figure.querySelectorAll(".widths input")) {
    input.addEventListener("change", () => {
      weights = widths();
      draw();
    });
  }
  // Elsewhere on the page a button may say: show this path in the picture.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button) return;
    zoom(Number(button.dataset.show));
    figure.scrollIntoView({ block: "nearest" });
    elements.get(current)?.focus({ preventScroll: true });
  });
  new ResizeObserver(() => draw()).observe(field);
  weights = widths();
  draw();
})();
