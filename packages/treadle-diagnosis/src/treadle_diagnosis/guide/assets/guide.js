// The age of facts, instant search, and on pages without a server the diagnosis itself, in the browser.
// On a server everything works without this file.
"use strict";

const DAY = 86_400_000;
const MAY_HAVE_CHANGED = 90 * DAY;

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
  if (Date.now() - Date.parse(time.dateTime) > MAY_HAVE_CHANGED) {
    time.classList.add("old");
    time.textContent += ", may have changed";
  }
}

// What is chosen here stays in this browser; without storage it lasts until the page is left.
function keep(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // Storage is off.
  }
}

function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

const THEMES = ["system", "light", "dark"];
const themeButton = document.querySelector("[data-theme-button]");
if (themeButton) {
  const root = document.documentElement;
  const theme = () => root.dataset.theme ?? "system";
  const next = () => THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  const label = () => {
    const text = `Colors: ${theme()}. Change to ${next()}`;
    themeButton.setAttribute("aria-label", text);
    themeButton.title = text;
  };
  themeButton.addEventListener("click", () => {
    const chosen = next();
    if (chosen === "system") delete root.dataset.theme;
    else root.dataset.theme = chosen;
    keep("treadle-theme", chosen === "system" ? "" : chosen);
    label();
  });
  label();
  themeButton.hidden = false;
}

// Where the clipboard is closed (a page over plain HTTP), the text is selected or shown instead.
async function copy(text, told, otherwise) {
  try {
    await navigator.clipboard.writeText(text);
    told.textContent = "Copied.";
  } catch {
    told.textContent = otherwise();
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const part = button.closest("[data-code]");
    const code = part.querySelector("code");
    copy(code.textContent, part.querySelector("[data-copied]"), () => {
      getSelection().selectAllChildren(code);
      return "Selected: copy it with your keyboard.";
    });
  });
}

const copyLink = document.querySelector("[data-copy-link]");
if (copyLink) {
  copyLink.hidden = false;
  copyLink.addEventListener("click", () => {
    const address = document.querySelector("link[rel=canonical]")?.href ?? location.href.split("#")[0];
    copy(address, copyLink.parentElement.querySelector("[data-copied]"), () => address);
  });
}

// Samples become tabs; the language chosen last is the one shown.
for (const group of document.querySelectorAll("[data-samples]")) {
  const panels = Array.from(group.querySelectorAll("[data-sample]"));
  const select = (language, focus) => {
    for (const panel of panels) {
      const chosen = panel.dataset.sample === language;
      panel.hidden = !chosen;
      if (chosen && focus) panel.querySelector('[aria-selected="true"]').focus();
    }
  };
  for (const panel of panels) {
    const tabs = document.createElement("div");
    tabs.className = "tabs";
    tabs.setAttribute("role", "tablist");
    tabs.setAttribute("aria-label", "Language");
    for (const other of panels) {
      const tab = document.createElement("button");
      const chosen = other === panel;
      tab.type = "button";
      tab.textContent = other.dataset.label;
      tab.tabIndex = chosen ? 0 : -1;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-selected", String(chosen));
      const choose = () => {
        keep("treadle-language", other.dataset.sample);
        select(other.dataset.sample, true);
      };
      tab.addEventListener("click", choose);
      tabs.append(tab);
    }
    tabs.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      tabs.children[(panels.indexOf(panel) + step + panels.length) % panels.length].click();
    });
    const caption = panel.querySelector(".caption");
    caption.replaceWith(tabs);
    tabs.after(Object.assign(document.createElement("span"), { className: "caption" }));
  }
  const wanted = kept("treadle-language");
  select(panels.some((panel) => panel.dataset.sample === wanted) ? wanted : "curl", false);
}

// The part that is being read, in the list of parts.
const parts = Array.from(document.querySelectorAll(".toc a"));
if (parts.length) {
  const mark = () => {
    const passed = parts.filter((link) => document.querySelector(link.hash).getBoundingClientRect().top < 120);
    const current = passed.at(-1) ?? parts[0];
    for (const link of parts) {
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
}

document.addEventListener("keydown", (event) => {
  const field = document.querySelector("[data-slash]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !field) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  field.focus();
});

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
}
