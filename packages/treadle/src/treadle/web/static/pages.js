// Live pieces, the browser's time zone, small helpers. Every page works without this file.
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

  // On a phone the pages of the settings stand in a row that is wider than the screen: the one that is open is in view.
  const settings = $(".subnav");
  const open = settings && $("[aria-current]", settings);
  if (open) settings.scrollLeft += open.getBoundingClientRect().left - settings.getBoundingClientRect().left - 16;

  // What a screen reader is told of what happens on the page. `treadleSay` may be called by the other script.
  const aloud = document.createElement("div");
  aloud.className = "unseen";
  aloud.id = "aloud";
  aloud.setAttribute("role", "status");
  aloud.setAttribute("aria-atomic", "false");  // each sentence by itself: one does not cut off the one before it
  document.body.append(aloud);
  window.treadleSay = (text) => {
    const sentence = document.createElement("p");
    sentence.textContent = text;
    setTimeout(() => aloud.append(sentence), 60);
    setTimeout(() => sentence.remove(), 15000);
  };

  // What was just done is read first, and one goes on from there; a browser leaves that to us when the address names a
  // place on the page.
  const word = $("#message");
  if (word && ["BODY", "HTML"].includes(document.activeElement.tagName)) word.focus();
  else if (word && word !== document.activeElement) window.treadleSay(word.textContent.trim());

  // What was done a moment ago can be undone from its toast, or by the keys for undo; it goes after a while, unless
  // somebody is on it.
  const toast = $("[data-toast]");
  if (toast) {
    const leave = () => {
      if (toast.matches(":hover") || (toast.contains(document.activeElement) && document.activeElement !== toast)) setTimeout(leave, 4000);
      else toast.classList.add("gone");
    };
    setTimeout(leave, 8000);
  }
  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    const undo = document.getElementById("undo");
    if (undo && (event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "z" && !event.shiftKey && !typing(event.target)) {
      event.preventDefault();
      undo.form.requestSubmit(undo);
    }
  });

  // Keys: single letters, which may be switched off on the profile page, and do nothing while somebody types.
  const KEYS = "treadle-keys";
  const GO = { h: "/", p: "/posts", c: "/calendar", q: "/queue" };
  const keysOff = () => { try { return localStorage.getItem(KEYS) === "off"; } catch { return false; } };
  const keySwitch = document.getElementById("keys-on");
  if (keySwitch) {
    keySwitch.closest("[hidden]").hidden = false;
    keySwitch.checked = !keysOff();
    keySwitch.addEventListener("change", () => { localStorage.setItem(KEYS, keySwitch.checked ? "on" : "off"); });
  }
  let goes = 0;
  document.addEventListener("keydown", (event) => {
    if (!$(".rail") || event.defaultPrevented || typing(event.target)) return;
    const search = () => { location.href = "/posts#q"; };
    if ((event.metaKey || event.ctrlKey) && event.key === "k") { event.preventDefault(); search(); return; }
    if (event.metaKey || event.ctrlKey || event.altKey || keysOff()) return;
    const key = event.key.toLowerCase();
    if (Date.now() - goes < 1200 && GO[key]) { event.preventDefault(); goes = 0; location.href = GO[key]; return; }
    if (key === "g") { goes = Date.now(); return; }
    if (key === "c" && !document.getElementById("compose")) { event.preventDefault(); location.href = "/compose"; }
    // What a page has a key for: a link or a button that can be seen. Arrows turn the pages of a calendar.
    const mine = key === "arrowleft" ? $('.months [rel="prev"]') : key === "arrowright" ? $('.months [rel="next"]')
      : /^[a-bd-z]$/.test(key) && !event.shiftKey ? $(`main [data-key="${key}"]`) : null;
    if (mine?.checkVisibility()) { event.preventDefault(); mine.click(); return; }
    if (key === "/") { event.preventDefault(); search(); }
    if (key === "j" || key === "k") {
      const links = $$("main .row-text[href], main .post-card a[href]");
      const now = links.indexOf(document.activeElement);
      const next = links[now + (key === "j" ? 1 : -1)] ?? links[now === -1 ? 0 : now];
      if (next) { event.preventDefault(); next.focus(); }
    }
    if (key === "x") {
      const box = document.activeElement.closest?.(".row")?.querySelector(".pick input");
      if (box) { event.preventDefault(); box.click(); }
    }
  });
  const field = location.hash === "#q" && document.getElementById("q");
  if (field) field.focus();
  addEventListener("hashchange", () => { if (location.hash === "#q") document.getElementById("q")?.focus(); });

  // A post that was taken is no longer kept as unsent.
  const sent = location.pathname.startsWith("/posts/") && sessionStorage.getItem("treadle-sent");
  if (sent) {
    sessionStorage.removeItem("treadle-sent");
    localStorage.removeItem(sent);
  }

  // Choosing many posts.
  const all = $("#pick-all");
  if (all) {
    all.closest("[hidden]").hidden = false;
    const picked = $("#picked");
    const boxes = () => $$('input[name="post"][form="bulk"]');
    const tell = () => {
      const n = boxes().filter((box) => box.checked).length;
      picked.textContent = n ? `${n} selected:` : "Selected posts:";
      all.checked = n > 0 && n === boxes().length;
      all.indeterminate = n > 0 && n < boxes().length;
    };
    all.addEventListener("change", () => { boxes().forEach((box) => { box.checked = all.checked; }); tell(); });
    document.addEventListener("change", (event) => { if (event.target.form?.id === "bulk") tell(); });
  }

  // Setup: what only Meta, the internet and a real repair can tell is asked once the page is there.
  const unchecked = $("[data-check-now]");
  if (unchecked) {
    $("[data-checking]", unchecked).hidden = false;
    const body = new URLSearchParams({ csrf: $('input[name="csrf"]').value });
    fetch(unchecked.dataset.checkNow, { method: "POST", body, credentials: "same-origin" }).then(async (answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [here, fresh] = [document.getElementById("main"), page.getElementById("main")];
      keep(here, fresh);
      const said = $("#message", here);
      if (said && !$("#message", fresh)) fresh.prepend(said.cloneNode(true));
      const focus = document.activeElement;
      const back = here.contains(focus) && focus !== here ? placeOf(focus, here) : null;
      here.replaceChildren(...fresh.childNodes);
      back?.()?.focus({ preventScroll: true });
      showCopy();
      window.treadleSay("Checks finished");
    }).catch(() => { $("[data-checking]").textContent = "The checks didn't finish. Press Run checks to try again."; });
  }

  // A form that asks first, because what it does cannot be undone. The safe button has the focus.
  const sure = new WeakSet();
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    const question = button?.dataset.ask;
    if (!question || sure.has(button)) return;
    event.preventDefault();
    const [title, ...rest] = question.split("? ");
    const box = document.createElement("dialog");
    const heading = document.createElement("h2");
    heading.id = "ask-title";
    heading.textContent = rest.length ? `${title}?` : title;
    box.setAttribute("aria-labelledby", heading.id);
    const more = document.createElement("p");
    more.textContent = rest.join("? ");
    const row = document.createElement("div");
    row.className = "buttons";
    const [no, yes] = [document.createElement("button"), document.createElement("button")];
    no.type = yes.type = "button";
    no.className = "plain";
    no.textContent = "Keep";
    yes.className = "danger";
    yes.textContent = button.dataset.yes ?? button.firstChild.textContent.trim();
    row.append(no, yes);
    box.append(heading, ...(rest.length ? [more] : []), row);
    document.body.append(box);
    box.addEventListener("close", () => { box.remove(); button.focus(); soon(); });
    no.addEventListener("click", () => box.close());
    yes.addEventListener("click", () => {
      sure.add(button);
      box.close();
      button.form.requestSubmit(button);
      sure.delete(button);
    });
    box.showModal();
    no.focus();
  });

  // Something to copy.
  function showCopy() {
    if (navigator.clipboard) for (const button of $$("[data-copy]")) button.hidden = false;
  }
  showCopy();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText($(button.dataset.copy).textContent.trim());
    button.textContent = "Copied";
    window.treadleSay("Copied");
  });

  // Pieces marked data-live are reloaded when something changed, and left alone while somebody is in them, or is
  // asked about something in them: the form that waits for the answer must still be on the page then.
  const busy = (piece) => {
    if ($("dialog[open]")) return true;
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
  // What was just said beside something stays there, and does not lose the focus.
  const keepWord = (from, to) => {
    const said = $("#message[data-about]", from);
    const place = said && to.querySelector(`#${CSS.escape(said.dataset.about)}`);
    if (!place || $("#message", place)) return;
    const after = $(".need-head", place);
    if (after) after.after(said.cloneNode(true));
    else ($(".row-main", place) ?? place).prepend(said.cloneNode(true));
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
      keepWord(piece, fresh);
      if (fresh.innerHTML === piece.innerHTML) continue;
      const focus = document.activeElement;
      const back = focus && piece.contains(focus) ? placeOf(focus, piece) : null;
      piece.replaceChildren(...fresh.childNodes);
      back?.()?.focus({ preventScroll: true });
    }
  };
  const CONTROLS = "a[href], button, summary, input, select, textarea, [tabindex]";
  // Where the focus is, by names that outlive a replacement: the row or article it is in, and what the control is in
  // there. The answer finds it again: the same control, else the next one of that row, else of the row that follows.
  const placeOf = (element, piece) => {
    if (element.id) return () => piece.querySelector(`#${CSS.escape(element.id)}`);
    const what = (control) => `${control.tagName} ${control.getAttribute("href") ?? ""} ${control.textContent.trim()}`;
    const owner = element.parentElement.closest("[id]");
    const names = [...$$("[id]", piece)].filter((one) => one.matches("li, article, section, details"));
    const following = names.slice(names.indexOf(owner) + 1).map((one) => one.id);
    const nth = $$(CONTROLS, owner).indexOf(element);
    const same = what(element);
    return () => {
      const home = owner === piece ? piece : piece.querySelector(`#${CSS.escape(owner.id)}`);
      const controls = home ? $$(CONTROLS, home) : [];
      const found = controls.find((one) => what(one) === same) ?? controls[Math.min(nth, controls.length - 1)];
      if (found) return found;
      for (const id of following) {
        const next = piece.querySelector(`#${CSS.escape(id)} :is(${CONTROLS})`);
        if (next) return next;
      }
      piece.tabIndex = -1;
      return piece;
    };
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
