// The age of facts, instant search, and on pages without a server the diagnosis itself, in the browser.
// On a server everything works without this file.
"use strict";

const DAY = 86_400_000;

function ageOf(day) {
  const days = Math.floor((Date.now() - Date.parse(day)) / DAY);
  if (!(days >= 0)) return "";
  if (days < 1) return "today";
  if (days < 60) return days === 1 ? "1 day ago" : `${days} days ago`;
  const months = Math.round(days / 30.4);
  return months < 24 ? `${months} months ago` : `${Math.floor(months / 12)} years ago`;
}

for (const time of document.querySelectorAll("time[data-age]")) {
  const age = ageOf(time.dateTime);
  if (age) time.textContent = `${time.dateTime} (${age})`;
}

const entries = Array.from(document.querySelectorAll("[data-find]"), (node) => ({ node, text: fold(node.dataset.find) }));

function fold(text) {
  return text.toLowerCase().replace(/[_\s]+/g, " ").trim();
}

function search(query) {
  const wanted = fold(query).split(" ").filter(Boolean);
  let shown = 0;
  for (const entry of entries) {
    const hit = wanted.every((word) => entry.text.includes(word));
    entry.node.hidden = !hit;
    shown += hit ? 1 : 0;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-find]:not([hidden])");
  }
  const count = document.querySelector("[data-count]");
  if (count) count.textContent = wanted.length ? `${shown} found` : "";
}

const box = document.querySelector("[data-search]");
if (box && entries.length) {
  box.addEventListener("input", () => search(box.value));
  box.form.addEventListener("submit", (event) => {
    event.preventDefault();
    search(box.value);
  });
  // Without a server the search page has every pattern; what is looked for stands in its address.
  box.value ||= new URLSearchParams(location.search).get("q") ?? "";
  if (box.value) search(box.value);
}

// Pages without a server: the diagnosis of the npm package, in assets/treadle-diagnosis.js. Nothing is sent.
const ask = document.querySelector("form[data-local]");
if (ask && typeof TreadleDiagnosis === "object") {
  const answer = document.querySelector("[data-answer]");
  const states = JSON.parse(ask.dataset.states);
  const at = (name) => answer.querySelector(`[data-show="${name}"]`);

  // Text whose spans between backticks are code.
  const say = (node, text) => {
    node.replaceChildren(
      ...text.split("`").map((piece, number) => {
        if (number % 2 === 0) return document.createTextNode(piece);
        const code = document.createElement("code");
        code.textContent = piece;
        return code;
      }),
    );
  };
  const show = (name, text) => say(at(name), text);
  const row = (name, shown) => {
    answer.querySelector(`[data-row="${name}"]`).hidden = !shown;
  };

  const diagnosed = (text, options) => {
    const { LABELS, NOTHING, UNKNOWN, contribution, diagnose } = TreadleDiagnosis;
    const found = diagnose(text, options);
    const nothing = found.pattern === NOTHING;
    const known = !nothing && found.pattern !== UNKNOWN;
    show("title", found.title);
    show("happened", found.what_happened);
    show("step", found.next_step);
    at("action").textContent = found.action_label;
    at("action").className = `state state-${states[found.action]}`;
    at("sure").textContent = LABELS.confidence[found.confidence] + (found.matched.length ? `, from ${found.matched.join(", ")}` : "");
    show("developer", found.next_step_developer);
    show("who", LABELS.who[found.who]);
    show("retry", found.retry_sentence);
    show("scope", LABELS.scope[found.scope]);
    show("decides", found.decides.join("; "));
    at("plan").replaceChildren(
      ...found.plan.map((step) => {
        const item = document.createElement("li");
        say(item, step);
        return item;
      }),
    );
    if (known) at("page").href = ask.dataset.page.replace("ID", found.pattern);
    if (found.pattern === UNKNOWN) at("report").textContent = contribution(text, options);
    row("action", !nothing);
    row("facts", !nothing);
    row("developer", !nothing && !found.next_step.includes(found.next_step_developer));
    row("plan", found.plan.length > 0);
    row("decides", found.decides.length > 0);
    row("page", known);
    row("report", found.pattern === UNKNOWN);
    answer.hidden = false;
    answer.focus();
  };

  ask.hidden = false;
  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    const { error, stage, surface } = ask.elements;
    diagnosed(error.value, { stage: stage.value || undefined, surface: surface.value || undefined });
  });
  ask.elements.error.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask.requestSubmit();
  });
  answer.querySelector("[data-copy]").addEventListener("click", async () => {
    const told = answer.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(at("report").textContent);
      told.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(at("report"));
      told.textContent = "Selected: copy it with your keyboard.";
    }
  });
}
