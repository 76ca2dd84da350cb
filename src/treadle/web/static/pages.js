// Live pieces, the browser's zone, small helps. Every page works without this file.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The zone times are shown in, unless the person chose one.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`treadle_zone=${encodeURIComponent(zone)}`)) {
    document.cookie = `treadle_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  }

  // The menu is open without script; on a phone it begins closed.
  const menu = $("#menu");
  const narrow = matchMedia("(max-width: 56rem)");
  const fit = () => { if (menu) menu.open = !narrow.matches; };
  fit();
  narrow.addEventListener("change", fit);

  // Choosing many posts.
  const all = $("#pick-all");
  if (all) {
    all.closest("[hidden]").hidden = false;
    const picked = $("#picked");
    const boxes = () => $$('input[name="post"][form="bulk"]');
    const tell = () => {
      const n = boxes().filter((box) => box.checked).length;
      picked.textContent = n ? `${n} chosen:` : "With the chosen posts:";
      all.checked = n > 0 && n === boxes().length;
      all.indeterminate = n > 0 && n < boxes().length;
    };
    all.addEventListener("change", () => { boxes().forEach((box) => { box.checked = all.checked; }); tell(); });
    document.addEventListener("change", (event) => { if (event.target.form?.id === "bulk") tell(); });
  }

  // A form that asks first.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.ask;
    if (question && !confirm(question)) event.preventDefault();
  });

  // Something to copy.
  for (const button of $$("[data-copy]")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText($(button.dataset.copy).textContent.trim());
      button.textContent = "Copied";
    });
  }

  // Pieces marked data-live are loaded anew when something changed, and left alone while somebody is in them.
  const busy = (piece) => {
    const focus = document.activeElement;
    const typing = focus && piece.contains(focus) && focus.matches("input, textarea, select");
    return typing || $$("input[type=checkbox]:checked", piece).length > 0 || $("video", piece)?.paused === false;
  };
  const keep = (from, to) => {
    for (const details of $$("details[id][open]", from)) {
      const same = to.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = true;
    }
  };
  const refresh = async () => {
    const pieces = $$("[data-live][id]");
    if (!pieces.length || document.hidden) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const piece of pieces) {
      const fresh = page.getElementById(piece.id);
      if (!fresh || busy(piece)) continue;
      keep(piece, fresh);
      if (fresh.innerHTML === piece.innerHTML) continue;
      const focus = document.activeElement;
      const place = focus && piece.contains(focus) ? focusPath(focus) : null;
      piece.replaceChildren(...fresh.childNodes);
      if (place) piece.querySelector(place)?.focus({ preventScroll: true });
    }
  };
  const focusPath = (element) => {
    if (element.id) return `#${CSS.escape(element.id)}`;
    if (element.matches("a[href]")) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
    const form = element.closest("form[action]");
    return form ? `form[action="${CSS.escape(form.getAttribute("action"))}"] button` : null;
  };
  let due = 0;
  let running = false;
  const soon = () => {
    if (due) return;
    due = setTimeout(async () => {
      due = 0;
      if (running) { soon(); return; }
      running = true;
      try { await refresh(); } catch { /* the server is away: the next change tries again */ } finally { running = false; }
    }, 250);
  };
  // What is under way without a change that is told: looked at again, less and less often.
  let wait = 2000;
  const watch = () => {
    if (!$("[data-live] [data-soon]")) { wait = 2000; return; }
    setTimeout(() => { soon(); watch(); }, wait);
    wait = Math.min(wait * 1.5, 60000);
  };
  watch();
  const from = document.body.dataset.liveFrom;
  if (from && $("[data-live]")) {
    // A page nobody sees gives its stream back: browsers keep few connections to one server.
    let source = null;
    const open = (address) => {
      source = new EventSource(address);
      source.addEventListener("changed", soon);
    };
    const close = () => { source?.close(); source = null; };
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) close();
      else if (!source) { open("/live"); soon(); }
    });
    addEventListener("pagehide", close);
    addEventListener("pageshow", (event) => { if (event.persisted && !source) { open("/live"); soon(); } });
    if (!document.hidden) open(from);
  }
})();
