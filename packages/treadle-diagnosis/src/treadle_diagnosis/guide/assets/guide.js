// Instant search on the index, and looking pages up for a pasted error where there is no server behind the guide.
// Everything works without this file; it only saves a page load.
"use strict";

const entries = Array.from(document.querySelectorAll("[data-find]"), (node) => ({
  node,
  text: node.dataset.find,
  words: node.dataset.find.split("\n"),
}));

function fold(text) {
  return text.toLowerCase().replace(/[_\s]+/g, " ").trim();
}

function search(query) {
  const wanted = fold(query).split(" ").filter(Boolean);
  let shown = 0;
  for (const entry of entries) {
    const hit = wanted.every((word) => fold(entry.text).includes(word));
    entry.node.hidden = !hit;
    shown += hit ? 1 : 0;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-find]:not([hidden])");
  }
  const count = document.querySelector("[data-count]");
  if (count) {
    count.textContent = wanted.length ? `${shown} found` : "";
  }
}

const box = document.querySelector("[data-search]");
if (box && entries.length) {
  box.addEventListener("input", () => search(box.value));
  box.form.addEventListener("submit", (event) => {
    event.preventDefault();
    search(box.value);
  });
  if (box.value) {
    search(box.value);
  }
}

// Static pages only: name the pages that speak of what was pasted. This is looking up, not diagnosing, and says so.
function lookUp(pasted) {
  const text = pasted.toLowerCase();
  const numbers = new Set(text.match(/\d{2,7}/g) || []);
  const found = [];
  for (const entry of entries) {
    let weight = 0;
    for (const word of entry.words) {
      const [kind, value] = [word.slice(0, 1), word.slice(2)];
      if (kind === "s" && numbers.has(value)) weight += 100;
      else if (kind === "c" && new RegExp(`code\\W{0,4}${value}\\b|\\(#${value}\\)`).test(text)) weight += 20;
      else if (kind === "n" && text.includes(value)) weight += 90;
      else if (kind === "w" && value.length > 6 && text.includes(value)) weight += 30 + value.length;
    }
    if (weight) found.push([weight, entry.node]);
  }
  return found.sort((a, b) => b[0] - a[0]).slice(0, 5).map((pair) => pair[1]);
}

const ask = document.querySelector("form[data-local]");
if (ask) {
  const place = document.querySelector("[data-answer]");
  ask.hidden = false;
  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    const pages = lookUp(ask.elements.error.value);
    place.hidden = false;
    const list = place.querySelector("ol");
    list.replaceChildren();
    place.querySelector("[data-none]").hidden = pages.length > 0;
    for (const page of pages) {
      const item = document.createElement("li");
      item.append(page.querySelector("a").cloneNode(true));
      list.append(item);
    }
  });
}
