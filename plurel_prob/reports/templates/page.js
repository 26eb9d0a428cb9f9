"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
all(".needs-script").forEach((element) => { element.hidden = false; });

all("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
  const words = button.firstChild, before = words.nodeValue;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    words.nodeValue = "Copied";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    words.nodeValue = "Selected";
  }
  setTimeout(() => { words.nodeValue = before; }, 1500);
}));

const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.localName === "details") { target.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", reveal);
reveal();

all("[data-filter]").forEach((input) => {
  const rows = all(`#${input.dataset.filter} tbody tr`), count = document.querySelector(`[data-count="${input.dataset.filter}"]`);
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    rows.forEach((row) => {
      const text = (row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      n += !row.hidden;
    });
    count.textContent = `${n} of ${rows.length}`;
  };
  input.addEventListener("input", filter);
  filter();
});

all(".zoomable").forEach((place) => {
  const scroll = place.querySelector(".scroll"), svg = scroll.querySelector("svg"), bar = document.createElement("div");
  const width = svg.viewBox.baseVal.width, height = svg.viewBox.baseVal.height;
  let scale = 1;
  const show = () => { svg.setAttribute("width", width * scale); svg.setAttribute("height", height * scale); };
  const add = (label, name, next) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.setAttribute("aria-label", name + ": " + scroll.getAttribute("aria-label"));
    button.addEventListener("click", () => { scale = Math.min(4, Math.max(0.05, next())); show(); });
    bar.append(button);
  };
  bar.className = "zoom";
  add("+", "Enlarge", () => scale * 1.25);
  add("−", "Shrink", () => scale / 1.25);
  add("Fit", "Fit to the width", () => (scroll.clientWidth - 2) / width);
  add("1:1", "Full size", () => 1);
  place.prepend(bar);
  scale = Math.min(1, (scroll.clientWidth - 2) / width);
  show();
  let from = null;
  scroll.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.pointerType === "mouse" && event.target.localName !== "text") {
      from = [event.clientX + scroll.scrollLeft, event.clientY + scroll.scrollTop];
    }
  });
  addEventListener("pointermove", (event) => {
    if (from) { scroll.scrollLeft = from[0] - event.clientX; scroll.scrollTop = from[1] - event.clientY; }
  });
  addEventListener("pointerup", () => { from = null; });
});

all("table[data-sortable]").forEach((table) => {
  const body = table.tBodies[0];
  all("thead th", table).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const compare = (a, b) => {
        const [x, y] = [value(a), value(b)], [p, q] = [Number(x), Number(y)];
        return Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y, "en", { numeric: true }) : p - q;
      };
      all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      body.append(...[...body.rows].sort((a, b) => (up ? compare(a, b) : compare(b, a))));
    });
  });
});
