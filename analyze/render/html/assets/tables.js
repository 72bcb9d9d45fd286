"use strict";
// Tables: sort by a column's button, search as one types, show all rows when asked.
(() => {
  const text = new Intl.Collator("en", { numeric: true });

  for (const box of document.querySelectorAll(".table")) {
    const body = box.querySelector("tbody");
    const search = box.querySelector("input");
    const said = box.querySelector("output");
    const few = Number(box.dataset.first);
    const rows = Array.from(body.rows, (row) => ({
      row,
      words: row.textContent.toLowerCase(),
    }));
    // A button for three more rows would be in the way.
    const first = rows.length <= few + 3 ? rows.length : few;
    let isWhole = false;

    const all = document.createElement("button");
    all.type = "button";
    all.className = "all";
    all.addEventListener("click", () => {
      isWhole = !isWhole;
      show();
    });
    box.querySelector(".scroll").after(all);

    const count = (number) =>
      `${number.toLocaleString("en")} ${number === 1 ? box.dataset.noun : box.dataset.nouns}`;

    function show() {
      const wanted = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const each of rows) {
        const fits = wanted.every((word) => each.words.includes(word));
        each.row.classList.toggle("other", !fits);
        found += fits ? 1 : 0;
        each.row.classList.toggle("rest", fits && !isWhole && !wanted.length && found > first);
      }
      said.textContent = wanted.length ? (found ? count(found) : "nothing found") : "";
      all.hidden = wanted.length > 0 || rows.length <= first;
      all.textContent = isWhole ? `Show the first ${first}` : `Show all ${count(rows.length)}`;
      all.setAttribute("aria-expanded", String(isWhole));
    }

    function sort(head) {
      const column = head.cellIndex;
      const isNumber = head.classList.contains("number");
      const now = head.getAttribute("aria-sort");
      const order = now ? (now === "ascending" ? "descending" : "ascending")
        : isNumber ? "descending" : "ascending";
      const sign = order === "ascending" ? 1 : -1;
      const value = ({ row }) => {
        const cell = row.cells[column];
        return isNumber ? Number(cell.dataset.value) : cell.textContent;
      };
      rows.sort((a, b) =>
        sign * (isNumber ? value(a) - value(b) : text.compare(value(a), value(b))));
      for (const each of head.parentElement.cells) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      body.append(...rows.map(({ row }) => row));
      show();
    }

    for (const head of box.querySelectorAll("thead th")) {
      head.querySelector("button").addEventListener("click", () => sort(head));
    }
    search.addEventListener("input", show);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && search.value) {
        search.value = "";
        show();
        event.preventDefault();
        event.stopPropagation();
      }
    });
    bars(rows.map(({ row }) => row));
    show();
  }

  // The length of each number beside the largest of its column.
  function bars(rows) {
    const columns = new Map();
    for (const row of rows) {
      for (const cell of row.querySelectorAll(".bar")) {
        const cells = columns.get(cell.cellIndex) ?? [];
        columns.set(cell.cellIndex, cells);
        cells.push(cell);
      }
    }
    for (const cells of columns.values()) {
      const sizes = cells.map((cell) => Math.abs(Number(cell.dataset.value)));
      const most = sizes.reduce((a, b) => Math.max(a, b), 1);
      cells.forEach((cell, place) =>
        cell.style.setProperty("--share", `${(100 * sizes[place]) / most}%`));
    }
  }

  // "/" goes to the search that is in sight, or the next one.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select")) return;
    const fields = Array.from(document.querySelectorAll(".table input"))
      .filter((field) => field.checkVisibility());
    const next = fields.find((field) => field.getBoundingClientRect().bottom > 0) ?? fields.at(-1);
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  // On paper everything is open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });
})();
