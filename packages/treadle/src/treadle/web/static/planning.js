// Queue and calendar: dragging posts to another time, by pointer or by keyboard. The pages work without this file.
(() => {
  "use strict";
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const csrf = document.querySelector('input[name="csrf"]')?.value ?? "";
  const back = location.pathname + location.search;

  // The place on the page is kept over the reload that follows.
  const place = `treadle-scroll:${back}`;
  const kept = sessionStorage.getItem(place);
  if (kept !== null) {
    sessionStorage.removeItem(place);
    const box = document.querySelector("[data-scroll]") ?? document.scrollingElement;
    box.scrollTop = Number(kept);
  }
  const move = (post, target) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = `/posts/${encodeURIComponent(post)}/time`;
    const fields = { csrf, to: target.dataset.drop, day: target.dataset.day ?? "", back, ...(target.dataset.swap ? { swap: "1" } : {}) };
    for (const [name, value] of Object.entries(fields)) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      form.append(field);
    }
    document.body.append(form);
    const box = document.querySelector("[data-scroll]") ?? document.scrollingElement;
    sessionStorage.setItem(place, String(box.scrollTop));
    form.submit();
  };
  const clear = () => { for (const one of $$(".aimed")) one.classList.remove("aimed"); };

  // By pointer: the browser's own dragging.
  let dragged = null;
  const offer = () => { for (const one of $$("[data-drag]")) one.draggable = true; };
  offer();
  new MutationObserver(offer).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-drag]") ?? null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.drag);
    dragged.classList.add("dragged");
  });
  document.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; clear(); });
  document.addEventListener("dragover", (event) => {
    const target = dragged && event.target.closest?.("[data-drop]");
    if (!target || target === dragged) return;
    event.preventDefault();
    clear();
    target.classList.add("aimed");
  });
  document.addEventListener("drop", (event) => {
    const target = dragged && event.target.closest?.("[data-drop]");
    if (!target || target === dragged) return;
    event.preventDefault();
    move(dragged.dataset.drag, target);
  });

  // By keyboard: Space lifts the post one is on, arrows choose a time, Enter drops it, Escape puts it back.
  let lifted = null;
  let at = -1;
  const targets = () => $$("[data-drop]").filter((one) => one.checkVisibility());
  const aim = (n) => {
    const all = targets();
    at = Math.max(0, Math.min(all.length - 1, n));
    clear();
    all[at].classList.add("aimed");
    all[at].scrollIntoView({ block: "nearest" });
    window.treadleSay(all[at].dataset.says ?? all[at].querySelector("time")?.textContent.trim() ?? "");
  };
  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.("[data-drag]");
    if (!lifted) {
      if (event.key === " " && card && event.target.matches("a[href]")) {
        event.preventDefault();
        lifted = card;
        card.classList.add("dragged");
        window.treadleSay("Picked up. Use the arrow keys to choose a time, Enter to drop it, Escape to cancel.");
        at = targets().findIndex((one) => one === card || Number(one.dataset.drop) >= Number(card.dataset.drop ?? card.dataset.at ?? 0));
      } else if (event.altKey && card && ["ArrowUp", "ArrowDown"].includes(event.key)) {
        const button = card.querySelector(`[data-move="${event.key === "ArrowUp" ? "up" : "down"}"]`);
        if (button) { event.preventDefault(); button.form.requestSubmit(button); }
      }
      return;
    }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const down = () => { lifted.classList.remove("dragged"); lifted = null; clear(); };
    if (step) { event.preventDefault(); aim(at + step); }
    else if (event.key === "Enter") {
      event.preventDefault();
      const [post, target] = [lifted, targets()[at]];
      down();
      if (target && target !== post) move(post.dataset.drag, target);
    } else if (event.key === "Escape" || event.key === "Tab") { down(); window.treadleSay("Move canceled."); }
  });
})();
