// Compose: what was written and not sent is kept in this browser, per person and post. The form works without this file.
(() => {
  "use strict";
  const form = document.getElementById("compose");
  if (!form) return;
  const key = `treadle-unsent:${form.dataset.keep}`;
  const MOST_MS = 30 * 86400 * 1000;
  const entries = () => [...new FormData(form)].filter(([name, value]) => name !== "csrf" && typeof value === "string");
  // A new form has another `once`; it says nothing of what was written.
  const content = () => JSON.stringify(entries().filter(([name]) => name !== "once"));
  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(key));
      return kept && Date.now() - kept.at < MOST_MS && Array.isArray(kept.entries) ? kept : null;
    } catch { return null; }
  };
  const forget = () => { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } };
  sessionStorage.removeItem("treadle-sent");  // this page again: it was not taken

  // A page that answers a button holds what was written before; one that was opened holds what the server has.
  const opened = form.dataset.opened === "yes";
  const before = opened ? content() : "";
  let leaving = false;
  const unsent = () => content() !== before;
  const keep = () => {
    if (leaving) return;
    if (!unsent()) { forget(); return; }
    const state = document.getElementById("kept");
    try {
      localStorage.setItem(key, JSON.stringify({ at: Date.now(), entries: entries() }));
      const time = new Date().toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
      if (state) state.textContent = navigator.onLine ? `Saved ${time} in this browser` : "Offline: saved in this browser";
    } catch { if (state) state.textContent = "Not saved: this browser can't store drafts for this page"; }
  };

  // The server makes the form of what is kept: parts and files are more than values of fields.
  const restore = (kept) => {
    const again = document.createElement("form");
    again.method = "post";
    again.action = form.getAttribute("action");
    again.enctype = "multipart/form-data";
    for (const [name, value] of [...kept.entries, ["csrf", form.elements.csrf.value], ["do", "restore"]]) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      again.append(field);
    }
    document.body.append(again);
    leaving = true;
    again.submit();
  };

  const kept = opened ? read() : null;
  const offer = document.getElementById("unsent");
  if (kept && offer && form.dataset.asked === "yes") {  // opened for something else: not replaced unasked
    offer.hidden = false;
    offer.querySelector("time").textContent = new Date(kept.at).toLocaleString();
    offer.querySelector("[data-restore]").addEventListener("click", () => restore(kept));
    offer.querySelector("[data-forget]").addEventListener("click", () => { forget(); offer.hidden = true; });
  } else if (kept) {
    restore(kept);
    return;
  }
  document.querySelector("[data-discard]")?.addEventListener("click", () => { leaving = true; forget(); });

  let timer = 0;
  const soon = () => { clearTimeout(timer); timer = setTimeout(keep, 300); };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    clearTimeout(timer);
    keep();
    leaving = true;
    // The page that follows a post that was taken forgets it.
    if (["send", "draft"].includes(event.submitter?.value)) sessionStorage.setItem("treadle-sent", key);
  });
  addEventListener("pagehide", () => { clearTimeout(timer); keep(); });
  addEventListener("pageshow", (event) => { if (event.persisted) leaving = false; });
  addEventListener("beforeunload", (event) => {
    if (leaving || !unsent()) return;
    keep();
    event.preventDefault();
  });
  if (!opened) keep();
})();
