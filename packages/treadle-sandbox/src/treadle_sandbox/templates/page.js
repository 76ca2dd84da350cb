// Keeps the parts marked data-live fresh. The page works without it.
"use strict";
async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { "X-Refresh": "1" } }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
    if (!now || now.innerHTML === old.innerHTML || old.contains(document.activeElement)) continue;
    if ([...old.querySelectorAll("video")].some((video) => !video.paused)) continue;
    const open = new Set([...old.querySelectorAll("details[open][data-key]")].map((d) => d.dataset.key));
    for (const d of now.querySelectorAll("details[data-key]")) d.open = open.has(d.dataset.key);
    if (now.outerHTML !== old.outerHTML) old.replaceWith(document.adoptNode(now));
  }
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  navigator.clipboard?.writeText(button.dataset.copy).then(() => { button.textContent = "Copied"; });
});
setInterval(refresh, 2000);
