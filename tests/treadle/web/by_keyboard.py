"""Walking a page with the keyboard alone, and seeing at every stop that the focus is there to be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# What has the focus, and what is wrong with how it is shown; an empty list is fine.
SEEN = """() => {
  const it = document.activeElement;
  const wrong = [];
  const text = (it.value || it.textContent).trim().slice(0, 40);
  const name = `${it.tagName.toLowerCase()}${it.id ? "#" + it.id : ""} ${text}`;
  if (it === document.body || it === document.documentElement) return {name, wrong: ["the focus is nowhere"]};
  const box = it.getBoundingClientRect();
  if (box.width < 2 || box.height < 2) wrong.push("it has no size");
  const out = box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth;
  if (out) wrong.push("out of the window");
  const style = getComputedStyle(it);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  if (!ring && !it.matches("main")) wrong.push("no ring round it");
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
  const inside = y => Math.min(Math.max(y, 0), innerHeight - 1);
  const ys = [box.top + 3, box.top + box.height / 2, box.bottom - 3].map(inside);
  const top = ys.map(y => document.elementFromPoint(x, y));
  const own = over => !over || it.contains(over) || over.contains(it) || over.closest("label")?.contains(it);
  if (!top.some(own)) wrong.push("covered by " + top[1].outerHTML.slice(0, 80));
  return {name, wrong};
}"""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
MOST = 150


class Keyboard:
    """``troubles``: what was wrong at a stop, one line each."""

    def __init__(self, page: Any, pictures: Path | None = None, name: str = "") -> None:
        self.page, self.pictures, self.name = page, pictures, name
        self.troubles: list[str] = []
        self._choosers: list[Any] = []
        # From the start, so that one that opens is never missed. A list's own method cannot be listened with.
        page.on("filechooser", lambda chooser: self._choosers.append(chooser))

    def look(self) -> None:
        found = self.page.evaluate(SEEN)
        self.troubles += [f"{self.name}: {found['name']}: {wrong}" for wrong in found["wrong"]]

    def on(self, selector: str) -> bool:
        return bool(self.page.evaluate("selector => document.activeElement.matches(selector)", selector))

    def to(self, selector: str, *, back: bool = False, press: str = "") -> None:
        """Tab (or Shift+Tab) until what fits ``selector`` has the focus; then ``press``."""
        for _ in range(MOST):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            if self.page.evaluate("document.activeElement === document.body"):
                continue  # from the end of the page round through the browser
            self.look()
            if self.on(selector):
                break
        else:
            raise AssertionError(f"{selector} is not reached by Tab")
        if press:
            self.page.keyboard.press(press)

    def choose(self, file: Path) -> None:
        """Press Space on the field of a file, and choose this one in the window that opens."""
        self.page.keyboard.press("Space")
        for _ in range(200):
            if self._choosers:
                self._choosers.pop().set_files(file)
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("no window to choose a file in opened")

    def lands_on(self, selector: str) -> None:
        """After an act the focus is here, and is seen."""
        self.page.wait_for_function("selector => document.activeElement.matches(selector)", arg=selector)
        self.page.evaluate(DRAWN)  # a field that has the focus from the start is scrolled to when the page is drawn
        self.look()

    def confirm(self, title: str, button: str) -> None:
        """The page asks ``title``: Escape and "Keep" each lead back to ``button`` with nothing done; then say yes."""
        for refuse in ("Escape", "Enter"):
            self._asked(title)
            self.page.keyboard.press(refuse)
            self.lands_on(button)
            assert self.page.locator("dialog").count() == 0
            self.page.keyboard.press("Enter")
        self._asked(title)
        self.page.keyboard.press("Tab")
        self.lands_on("dialog[open] button.danger")
        self.picture("asked")
        self.page.keyboard.press("Enter")

    def _asked(self, title: str) -> None:
        """A dialog with this title is open, and the focus is on its button that does nothing."""
        self.lands_on("dialog[open] button.plain")
        assert self.page.get_by_role("dialog", name=title, exact=True).count() == 1

    def announced(self, text: str) -> None:
        """A screen reader is told this: by a status, or because the focus is on it."""
        self.page.wait_for_function(
            "text => [...document.querySelectorAll('[role=status], [role=alert], [aria-live], #message:focus')]"
            ".some(one => one.textContent.includes(text))",
            arg=text,
        )

    def picture(self, name: str) -> None:
        if self.pictures:
            self.page.screenshot(path=self.pictures / f"keyboard-{self.name}-{name}.png", animations="disabled")
