// The chosen colors, before anything is drawn. Nothing kept means: as the system has them.
"use strict";

try {
  const kept = localStorage.getItem("treadle-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch {
  // Storage is off: the system decides.
}
