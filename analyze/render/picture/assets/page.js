"use strict";
// Draws the picture whose nodes and edges stand in #data: columns by distance from the starts,
// arrows from left to right. A click shows more of a node's neighbours, or hides them.
// Texts come from the heap: they are set as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svg = document.getElementById("picture");
  const SVG = "http://www.w3.org/2000/svg";
  const LINE = 15, PAD = 9, GAP_Y = 14, GAP_X = 120, MORE_AT_ONCE = 10, NAMES = 3;

  const nodes = data.nodes, edges = data.edges;
  const near = nodes.map(() => []);   // neighbours in the direction of the picture, in order
  for (const [source, target] of edges) {
    const [owner, other] = data.backwards ? [target, source] : [source, target];
    if (owner !== other && !near[owner].includes(other)) near[owner].push(other);
  }
  near.forEach((others) => others.sort((a, b) => a - b));
  const starts = nodes.flatMap((node, index) => (node.start ? [index] : []));
  const asked = new Set(starts.map((index) => nodes[index].cycle));

  let revealed, closed, folded;
  function reset() {
    revealed = new Set(nodes.flatMap((node, index) => (node.first ? [index] : [])));
    closed = new Set();
    folded = new Set();
    if (data.cycles === "fold") {
      for (const node of nodes) {
        if (node.cycle !== null && !asked.has(node.cycle)) folded.add(node.cycle);
      }
    }
  }

  // --- what is shown

  function shownNodes() {
    const shown = new Set(starts);
    for (const index of shown) {        // grows while it is walked
      if (closed.has(index)) continue;
      for (const other of near[index]) if (revealed.has(other)) shown.add(other);
    }
    // What is drawn at first but not led to, because its referrer is not expanded.
    for (const index of revealed) {
      if (nodes[index].first && closed.size === 0) shown.add(index);
    }
    return shown;
  }

  function boxOf(index) {
    const cycle = nodes[index].cycle;
    return cycle !== null && folded.has(cycle) ? `cycle ${cycle}` : `node ${index}`;
  }

  function hidden(index, shown) {
    return near[index].filter((other) => !shown.has(other));
  }

  function view() {
    const shown = shownNodes();
    const boxes = new Map();
    for (const index of shown) {
      const key = boxOf(index);
      if (!boxes.has(key)) boxes.set(key, { key, members: [], out: [], rank: -1 });
      boxes.get(key).members.push(index);
    }
    const arrows = new Map();
    for (const [source, target, name] of edges) {
      if (!shown.has(source) || !shown.has(target)) continue;
      const from = boxOf(source), to = boxOf(target);
      if (from === to && source !== target) continue;
      const key = `${from}>${to}`;
      if (!arrows.has(key)) {
        arrows.set(key, { from: boxes.get(from), to: boxes.get(to), names: [] });
        const [owner, other] = data.backwards ? [to, from] : [from, to];
        if (owner !== other) boxes.get(owner).out.push(boxes.get(other));
      }
      const names = arrows.get(key).names;
      if (name !== null && !names.includes(name)) names.push(name);
    }
    for (const box of boxes.values()) describe(box, shown);
    return { boxes: [...boxes.values()], arrows: [...arrows.values()] };
  }

  function describe(box, shown) {
    const first = nodes[box.members[0]];
    box.isCycle = box.key.startsWith("cycle");
    if (box.isCycle) {
      const count = box.members.length;
      box.lines = [`cycle of ${count} objects`, ...summary(box.members)];
      box.tip = box.members.map((index) => nodes[index].lines.join(" ")).join("\n");
    } else {
      box.lines = first.lines;
      box.tip = first.tip;
    }
    box.notes = [];
    const outside = box.members.reduce((sum, index) => sum + nodes[index].outside, 0);
    if (outside > 0) box.notes.push(`held from outside the heap${outside > 1 ? ` × ${outside}` : ""}`);
    const known = box.members.reduce((sum, index) => sum + hidden(index, shown).length, 0);
    const unknown = box.members.reduce((sum, index) => sum + nodes[index].more, 0);
    const what = data.backwards ? "referrer" : "referent";
    if (known + unknown > 0) {
      const count = (known + unknown).toLocaleString("en");
      box.notes.push(`${known > 0 ? "+ " : ""}${count} more ${what}${known + unknown > 1 ? "s" : ""}`);
    }
    box.hidden = known;
    const widths = [...box.lines, ...box.notes].map(widthOf);
    box.width = Math.max(60, ...widths) + 2 * PAD;
    box.height = (box.lines.length + box.notes.length) * LINE + 2 * PAD - 3;
    box.classes = ["node", box.isCycle ? "cycle" : first.kind];
    if (box.members.some((index) => nodes[index].start)) box.classes.push("start");
    if (box.members.some((index) => nodes[index].highlighted)) box.classes.push("highlighted");
  }

  function summary(members) {
    const counts = new Map();
    for (const index of members) {
      const what = nodes[index].lines.slice(0, nodes[index].name === null ? 1 : 2).join(" ");
      counts.set(what, (counts.get(what) || 0) + 1);
    }
    const lines = [...counts].map(([what, count]) => (count > 1 ? `${count} × ${what}` : what));
    return lines.length > 4 ? [...lines.slice(0, 4), `… and ${lines.length - 4} more`] : lines;
  }

  const pen = document.createElement("canvas").getContext("2d");
  function widthOf(text) {
    pen.font = '600 12px system-ui, "Helvetica Neue", Arial, sans-serif';
    return pen.measureText(text).width;
  }

  // --- where it is shown

  function place({ boxes }) {
    const columns = [];
    let wave = boxes.filter((box) => box.members.some((index) => nodes[index].start));
    wave.forEach((box) => { box.rank = 0; });
    while (wave.length) {
      columns.push(wave);
      const next = [];
      for (const box of wave) {
        for (const other of box.out) {
          if (other.rank < 0) { other.rank = columns.length; next.push(other); }
        }
      }
      wave = next;
    }
    const lost = boxes.filter((box) => box.rank < 0);
    if (lost.length) { lost.forEach((box) => { box.rank = columns.length; }); columns.push(lost); }
    const into = new Map(boxes.map((box) => [box, []]));
    for (const box of boxes) for (const other of box.out) into.get(other).push(box);
    let x = 0;
    columns.forEach((column) => {
      const width = Math.max(...column.map((box) => box.width));
      let y = 0;
      for (const box of column) {
        box.x = data.backwards ? -x - width / 2 : x + width / 2;
        box.y = y + box.height / 2;
        y += box.height + GAP_Y;
      }
      x += width + GAP_X;
    });
    for (let sweep = 0; sweep < 6; sweep++) {
      const order = sweep % 2 ? [...columns].reverse() : columns;
      for (const column of order) settle(column, into, sweep % 2 === 1);
    }
  }

  function settle(column, into, isReturn) {
    for (const box of column) {
      const others = (isReturn ? box.out : into.get(box)).filter((other) => other.rank !== box.rank);
      const sum = others.reduce((total, other) => total + other.y, 0);
      box.wish = others.length ? sum / others.length : box.y;
    }
    column.sort((a, b) => a.wish - b.wish);
    // As near to the wishes as the boxes' heights allow: push down, then the whole back up.
    let floor = -Infinity, excess = 0;
    for (const box of column) {
      box.y = Math.max(box.wish, floor + box.height / 2);
      floor = box.y + box.height / 2 + GAP_Y;
      excess += box.y - box.wish;
    }
    for (const box of column) box.y -= excess / column.length;
  }

  // --- drawing

  function make(name, attributes, parent) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (parent) parent.append(element);
    return element;
  }

  const scene = make("g", { id: "scene" }, null);
  let current = null;

  function draw(focus) {
    current = view();
    place(current);
    scene.replaceChildren();
    drawFrames();
    for (const arrow of current.arrows) drawArrow(arrow);
    for (const box of current.boxes) drawBox(box);
    if (focus) {
      const again = [...scene.querySelectorAll(".node")].find((each) => each.dataset.key === focus);
      if (again) again.focus({ preventScroll: true });
    }
  }

  function drawFrames() {
    if (data.cycles === "ignore") return;
    const open = new Map();
    for (const box of current.boxes) {
      const cycle = nodes[box.members[0]].cycle;
      if (box.isCycle || cycle === null) continue;
      if (!open.has(cycle)) open.set(cycle, []);
      open.get(cycle).push(box);
    }
    for (const [cycle, boxes] of open) {
      if (boxes.length < 2) continue;
      const left = Math.min(...boxes.map((box) => box.x - box.width / 2)) - 8;
      const right = Math.max(...boxes.map((box) => box.x + box.width / 2)) + 8;
      const top = Math.min(...boxes.map((box) => box.y - box.height / 2)) - 8;
      const bottom = Math.max(...boxes.map((box) => box.y + box.height / 2)) + 8;
      // A frame says that all in it hold each other: better none than a wrong one.
      const isWrong = current.boxes.some((box) => !boxes.includes(box)
        && box.x + box.width / 2 > left && box.x - box.width / 2 < right
        && box.y + box.height / 2 > top && box.y - box.height / 2 < bottom);
      if (isWrong) {
        boxes.forEach((box) => box.classes.push("member"));
        continue;
      }
      const frame = make("rect", {
        class: "frame", x: left, y: top, width: right - left, height: bottom - top, rx: 10,
        "pointer-events": "stroke",
      }, scene);
      const tip = make("title", {}, frame);
      tip.textContent = `a cycle of ${boxes.length} objects: click to draw it as one`;
      frame.addEventListener("click", () => { folded.add(cycle); draw(); });
    }
  }

  function drawArrow({ from, to, names }) {
    const isBack = from !== to && from.rank === to.rank;
    const leftwards = from.x > to.x && !isBack;
    const side = leftwards ? -1 : 1;
    const start = [from.x + side * from.width / 2, from.y];
    let path, middle, tip, turn;
    if (from === to || isBack) {
      const end = [to.x + to.width / 2, to.y + (from === to ? 8 : 0)];
      const bulge = 30 + Math.abs(start[1] - end[1]) / 4;
      const far = Math.max(start[0], end[0]) + bulge;
      start[1] -= from === to ? 8 : 0;
      path = `M${start} C${[far, start[1]]} ${[far, end[1]]} ${[end[0] + 7, end[1]]}`;
      middle = [far - bulge / 4, (start[1] + end[1]) / 2];
      [tip, turn] = [end, 180];
    } else {
      const end = [to.x - side * to.width / 2, to.y];
      const reach = Math.max(40, Math.abs(end[0] - start[0]) / 2);
      const base = [end[0] - side * 7, end[1]];
      path = `M${start} C${[start[0] + side * reach, start[1]]} ${[end[0] - side * reach, end[1]]} ${base}`;
      middle = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2];
      [tip, turn] = [end, leftwards ? 180 : 0];
    }
    const group = make("g", { class: "reference" }, scene);
    make("path", { class: "edge", d: path }, group);
    make("path", { class: "arrow", d: "M0 0L-8 -4L-8 4Z", transform: `translate(${tip}) rotate(${turn})` }, group);
    if (names.length) {
      const more = names.length - NAMES;
      const text = names.slice(0, NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
      const name = make("text", { class: "name", x: middle[0], y: middle[1] - 3, "text-anchor": "middle" }, group);
      name.textContent = text;
    }
  }

  function drawBox(box) {
    const group = make("g", {
      class: box.classes.join(" "), tabindex: 0, role: "button",
      transform: `translate(${box.x - box.width / 2},${box.y - box.height / 2})`,
    }, scene);
    group.dataset.key = box.key;
    group.setAttribute("aria-label", [...box.lines, ...box.notes].join(", "));
    make("title", {}, group).textContent = box.tip;
    make("rect", { width: box.width, height: box.height, rx: 6 }, group);
    [...box.lines, ...box.notes].forEach((line, number) => {
      const isNote = number >= box.lines.length;
      const text = make("text", {
        class: number === 0 ? "type" : isNote ? "note" : "", x: box.width / 2,
        y: PAD + (number + 0.75) * LINE - 1, "text-anchor": "middle",
      }, group);
      text.textContent = line;
    });
    group.addEventListener("click", () => { if (!dragged) act(box); });
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(box); }
    });
  }

  function act(box) {
    if (box.isCycle) {
      folded.delete(nodes[box.members[0]].cycle);
      draw();
      return;
    }
    const index = box.members[0];
    const others = near[index].filter((other) => !revealed.has(other));
    if (closed.has(index)) closed.delete(index);
    else if (others.length) others.slice(0, MORE_AT_ONCE).forEach((other) => revealed.add(other));
    else if (near[index].length) closed.add(index);
    draw(box.key);
  }

  // --- moving about

  let scale = 1, dx = 0, dy = 0, dragged = false, grip = null;
  function move() { scene.setAttribute("transform", `translate(${dx},${dy}) scale(${scale})`); }

  function zoom(factor, x, y) {
    const wanted = Math.min(8, Math.max(0.05, scale * factor));
    dx = x - (x - dx) * wanted / scale;
    dy = y - (y - dy) * wanted / scale;
    scale = wanted;
    move();
  }

  function fit() {
    const box = scene.getBBox(), room = svg.getBoundingClientRect();
    if (!box.width || !room.width) return;
    scale = Math.min(1.5, 0.95 * Math.min(room.width / box.width, room.height / box.height));
    dx = room.width / 2 - scale * (box.x + box.width / 2);
    dy = room.height / 2 - scale * (box.y + box.height / 2);
    move();
  }

  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const room = svg.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 500), event.clientX - room.left, event.clientY - room.top);
  }, { passive: false });
  svg.addEventListener("pointerdown", (event) => {
    grip = { x: event.clientX, y: event.clientY, dx, dy };
    dragged = false;
  });
  window.addEventListener("pointermove", (event) => {
    if (!grip) return;
    if (Math.hypot(event.clientX - grip.x, event.clientY - grip.y) > 4) dragged = true;
    if (!dragged) return;
    dx = grip.dx + event.clientX - grip.x;
    dy = grip.dy + event.clientY - grip.y;
    move();
  });
  window.addEventListener("pointerup", () => { grip = null; });

  function middle(factor) {
    const room = svg.getBoundingClientRect();
    zoom(factor, room.width / 2, room.height / 2);
  }
  const buttons = {
    nearer: () => middle(1.25), further: () => middle(0.8), fit,
    reset: () => { reset(); draw(); fit(); },
  };
  for (const [id, action] of Object.entries(buttons)) {
    document.getElementById(id).addEventListener("click", action);
  }
  const keys = { "+": buttons.nearer, "=": buttons.nearer, "-": buttons.further, 0: fit };
  window.addEventListener("keydown", (event) => {
    if (keys[event.key] && !event.ctrlKey && !event.metaKey) keys[event.key]();
  });

  svg.append(scene);
  reset();
  draw();
  fit();
  window.addEventListener("resize", fit);
})();
