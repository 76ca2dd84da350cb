"""Draw the pictures of docs/threads-app.md: docs/images/steps/*.svg.

Usage: python tools/step_pictures.py [--out DIR]. Meta's and Threads' pages may look different from day to day and their
pictures belong to others, so what a person meets there is drawn, from the description in ``steps()``: the place, the
fields under the names that Meta gives them, and a number for each thing the text speaks of. Colours are those of
Treadle's pages, in light and in dark. The same drawing kit sets what a terminal showed (``terminal``).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from treadle_threads.oauth import DEFAULT_SCOPES

OUT = Path(__file__).resolve().parent.parent / "docs" / "images" / "steps"
WIDE = 720
SITE = "https://threads.example.com"
LIGHT = {
    "paper": "#fdfdfc", "sunk": "#f4f4f1", "ink": "#1d1f21", "soft": "#5b6065", "line": "#deded9", "edge": "#b9bab4",
    "go": "#1a6b3c", "go-soft": "#e5f2ea", "act": "#865300", "act-soft": "#fbf0dc", "stop": "#a12b22",
    "stop-soft": "#fae9e7", "wait": "#265e9e", "wait-soft": "#e6eff9",
}  # fmt: skip
DARK = {
    "paper": "#16181a", "sunk": "#111315", "ink": "#e8e8e5", "soft": "#a9aeb3", "line": "#303438", "edge": "#4b5156",
    "go": "#7fcf9c", "go-soft": "#17301f", "act": "#e5b566", "act-soft": "#382a12", "stop": "#f0958c",
    "stop-soft": "#3d1d1a", "wait": "#8fbdf0", "wait-soft": "#172a3f",
}  # fmt: skip
SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", monospace'


def _style() -> str:
    def variables(colours: dict[str, str]) -> str:
        return ":root{" + "".join(f"--{name}:{colour};" for name, colour in colours.items()) + "}"

    fills = "".join(f".f-{name}{{fill:var(--{name})}}" for name in LIGHT)
    lines = "".join(
        f".s-{name}{{stroke:var(--{name});fill:none}}" for name in ("line", "edge", "go", "stop", "ink", "wait")
    )
    return (
        f"{variables(LIGHT)}@media (prefers-color-scheme:dark){{{variables(DARK)}}}"
        f"text{{font:14px {SANS};fill:var(--ink)}}text.small{{font-size:12.5px}}text.strong{{font-weight:600}}"
        f"text.mono{{font:13px {MONO}}}{fills}{lines}"
    )


class Picture:
    """A card of 720 units, drawn from the top: ``y`` is where the next thing goes."""

    def __init__(self, place: str, title: str, *, tag: str = "a drawing") -> None:
        self.title, self.y = title, 84.0
        self._parts: list[str] = []
        self.text(24, 31, place, "strong")
        if tag:
            self.text(WIDE - 24, 31, tag, "small f-soft", anchor="end")
        self.line(0, 48, WIDE, 48, "line")

    def add(self, markup: str) -> None:
        self._parts.append(markup)

    def text(self, x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> None:
        extra = f' class="{kind}"' if kind else ""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.add(f'<text x="{x:g}" y="{y:g}"{extra}{where}>{escape(words, quote=False)}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, *, arrow: bool = False) -> None:
        end = ' marker-end="url(#tip)"' if arrow else ""
        self.add(f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" class="s-{colour}" stroke-width="1.5"{end}/>')

    def box(
        self, x: float, y: float, w: float, h: float, fill: str = "paper", stroke: str = "edge", r: float = 6
    ) -> None:
        self.add(
            f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r:g}" class="f-{fill}" '
            f'style="stroke:var(--{stroke})"/>'
        )

    def number(self, x: float, y: float, n: int) -> None:
        """A mark that the text beside the picture speaks of; ``x, y`` is its middle."""
        self.add(f'<circle cx="{x:g}" cy="{y:g}" r="11" class="f-wait"/>')
        self.add(f'<text x="{x:g}" y="{y + 4.5:g}" text-anchor="middle" class="small strong f-paper">{n}</text>')

    def field(self, label: str, value: str, *, n: int = 0, x: float = 56, w: float = 560, mono: bool = True) -> None:
        """A field with its name above; long values are the caller's to keep within ``w`` (8 units a letter)."""
        self.text(x, self.y, label, "small f-soft")
        self.box(x, self.y + 8, w, 34)
        self.text(x + 12, self.y + 30, value, "mono" if mono else "")
        if n:
            self.number(x - 22, self.y + 25, n)
        self.y += 70

    def button(self, x: float, y: float, words: str, *, n: int = 0, w: float = 100, plain: bool = False) -> None:
        self.box(x, y, w, 34, "paper" if plain else "ink", "edge" if plain else "ink")
        self.text(x + w / 2, y + 22, words, "strong" if plain else "strong f-paper", anchor="middle")
        if n:
            self.number(x - 22, y + 17, n)

    def pill(self, x: float, y: float, words: str, tone: str, *, w: float = 90) -> None:
        self.box(x, y, w, 24, f"{tone}-soft", f"{tone}-soft", 5)
        self.text(x + w / 2, y + 16.5, words, f"small f-{tone}", anchor="middle")

    def choice(self, words: str, chosen: bool, *, n: int = 0, x: float = 56) -> None:
        self.add(
            f'<circle cx="{x + 8:g}" cy="{self.y:g}" r="8" class="s-{"ink" if chosen else "edge"}" stroke-width="1.5"/>'
        )
        if chosen:
            self.add(f'<circle cx="{x + 8:g}" cy="{self.y:g}" r="4" class="f-ink"/>')
        self.text(x + 28, self.y + 5, words, "strong" if chosen else "f-soft")
        if n:
            self.number(x - 22, self.y, n)
        self.y += 34

    def svg(self) -> str:
        height = self.y
        tip = (
            '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path d="M0 0L8 4L0 8z" class="f-ink"/></marker>'
        )
        body = "\n".join(self._parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {height:g}" '
            f'width="{WIDE}" height="{height:g}" role="img">'
            f"<title>{escape(self.title, quote=False)}</title><style>{_style()}</style><defs>{tip}</defs>\n"
            f'<rect x=".5" y=".5" width="{WIDE - 1}" height="{height - 1:g}" rx="10" class="f-paper" '
            f'style="stroke:var(--line)"/>\n{body}\n</svg>\n'
        )


# ------------------------------------------------------------------------------------------------------ the steps


def address() -> Picture:
    made = Picture("An address for people and for Meta", "Browsers and Meta reach Treadle through one https address.")
    for y, who, what in ((74, "Browsers", "return after consenting"), (170, "Meta", "fetches your media")):
        made.box(24, y, 190, 72, "sunk", "line")
        made.text(119, y + 31, who, "strong", anchor="middle")
        made.text(119, y + 52, what, "small f-soft", anchor="middle")
    made.box(322, 92, 196, 132, "wait-soft", "wait")
    made.number(420, 92, 1)
    made.text(420, 132, "threads.example.com", "strong", anchor="middle")
    made.text(420, 157, "https, with a certificate", "small", anchor="middle")
    made.text(420, 178, "reverse proxy", "small f-soft", anchor="middle")
    made.text(420, 196, "or tunnel", "small f-soft", anchor="middle")
    made.box(590, 110, 106, 96, "sunk", "line")
    made.number(643, 110, 2)
    made.text(643, 150, "Treadle", "strong", anchor="middle")
    made.text(643, 174, "port 8700", "small f-soft", anchor="middle")
    made.line(214, 110, 320, 130, "ink", arrow=True)
    made.line(214, 206, 320, 186, "ink", arrow=True)
    made.line(518, 158, 588, 158, "ink", arrow=True)
    made.text(226, 96, "/threads/…", "mono")
    made.text(226, 232, "/media/…", "mono")
    made.y = 272
    return made


def create_app() -> Picture:
    made = Picture("developers.facebook.com › My Apps › Create app", "Name the app and choose the Threads use case.")
    made.field("App name", "My publisher", n=1, mono=False)
    made.field("App contact email", "you@example.com", mono=False)
    made.text(56, made.y + 2, "Use cases", "small f-soft")
    made.y += 26
    made.choice("Access the Threads API", True, n=2)
    made.choice("… and others, for other products of Meta's", False)
    made.button(516, made.y - 6, "Next", n=3)
    made.y += 52
    return made


def ids() -> Picture:
    made = Picture("App settings › Basic", "Of the two pairs of id and secret, Treadle wants the Threads pair.")
    for top, kind, number, tone, verdict in (
        (66, "App", "9876543210987654", "stop", "not these"),
        (176, "Threads app", "1234567890123456", "go", "these two"),
    ):
        good = tone == "go"
        made.box(24, top, 672, 96, "go-soft" if good else "sunk", "go" if good else "line")
        for x, field, value, n in ((72, "ID", number, 1), (352, "secret", "●●●●●●●●", 2)):
            made.text(x, top + 28, f"{kind} {field}", "small f-soft")
            made.box(x, top + 38, 200, 34)
            made.text(x + 12, top + 60, value, "mono" if good else "mono f-soft")
            if good:
                made.number(x - 24, top + 55, n)
        made.pill(590, top + 42, verdict, tone)
    made.line(172, 272, 172, 304, "ink", arrow=True)
    made.line(452, 272, 452, 304, "ink", arrow=True)
    made.text(56, 326, "TREADLE_THREADS_APP_ID", "mono")
    made.text(352, 326, "TREADLE_THREADS_APP_SECRET", "mono")
    made.y = 352
    return made


def callbacks() -> Picture:
    made = Picture(
        "Use cases › Access the Threads API › Customize › Settings", "The three callback fields and what goes in."
    )
    made.field("Redirect Callback URLs", f"{SITE}/threads/callback", n=1)
    made.field("Uninstall Callback URL", f"{SITE}/threads/deauthorize", n=2)
    made.field("Delete Callback URL", f"{SITE}/threads/delete-data", n=3)
    made.button(516, made.y - 14, "Save", n=4)
    made.y += 44
    return made


PURPOSES = {
    "threads_basic": "every call needs it",
    "threads_content_publish": "publish",
    "threads_read_replies": "find a reply whose answer got lost",
    "threads_manage_replies": "say who may reply, approve replies",
    "threads_delete": "take a post down",
    "threads_location_tagging": "tag a place",
    "threads_share_to_instagram": "share to an Instagram story",
}


def permissions() -> Picture:
    made = Picture("Use cases › Access the Threads API › Customize › Permissions and features", "Permissions to add.")
    for n, (name, purpose) in enumerate(PURPOSES.items()):
        if n:
            made.line(24, made.y - 26, WIDE - 24, made.y - 26, "line")
        made.text(32, made.y, name, "mono")
        made.text(290, made.y, purpose, "f-soft")
        if name == DEFAULT_SCOPES[0]:
            made.pill(604, made.y - 17, "Required", "go")
        elif name in DEFAULT_SCOPES:
            made.pill(604, made.y - 17, "added", "go")
        else:
            made.button(604, made.y - 21, "Add", w=90, plain=True)
        made.y += 44
    made.y -= 14
    return made


def tester() -> Picture:
    made = Picture("App roles › Roles › Add People", "Invite a Threads tester by the profile's name.")
    for role in ("Developer", "Tester"):
        made.choice(role, False)
    made.choice("Threads Tester", True, n=1)
    made.y += 12
    made.field("Threads username", "ada", n=2, w=300, mono=False)
    made.button(516, made.y - 60, "Add", n=3)
    return made


def accept() -> Picture:
    made = Picture(
        "threads.com › Settings › Account › Website permissions", "The invited person accepts under Invites."
    )
    made.text(56, 84, "Invites", "strong")
    made.line(52, 96, 114, 96, "ink")
    made.number(34, 79, 1)
    made.line(24, 97, WIDE - 24, 97, "line")
    made.box(56, 120, 40, 40, "sunk", "line", 8)
    made.text(112, 137, "My publisher", "strong")
    made.text(112, 156, "invites you to test", "small f-soft")
    made.button(516, 123, "Accept", n=2)
    made.y = 188
    return made


def window() -> Picture:
    made = Picture("threads.com/oauth/authorize", "Meta asks the person which permissions Treadle gets.")
    made.text(WIDE / 2, 84, "My publisher wants to access ada's Threads profile", "strong", anchor="middle")
    made.y = 118
    for name in DEFAULT_SCOPES:
        made.text(150, made.y, name, "mono")
        made.add(f'<rect x="510" y="{made.y - 15:g}" width="38" height="20" rx="10" class="f-go"/>')
        made.add(f'<circle cx="538" cy="{made.y - 5:g}" r="7" class="f-paper"/>')
        made.y += 34
    made.number(478, 113, 1)
    made.button(170, made.y, "Cancel", w=150, plain=True)
    made.button(398, made.y, "Continue", n=2, w=150)
    made.y += 58
    return made


def steps() -> dict[str, Callable[[], Picture]]:
    """Name of the file -> what draws it, in the order of the page."""
    return {
        "1-address": address, "2-create-app": create_app, "3-ids": ids, "4-callbacks": callbacks,
        "5-permissions": permissions, "6-tester": tester, "7-accept": accept, "10-window": window,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------- what a terminal shows

_TONES = {"32": "go", "33": "act", "31": "stop", "34": "wait", "36": "wait", "2": "soft", "90": "soft"}


def terminal(command: str, said: str, title: str) -> str:
    """A terminal's window after ``command``: ``said`` is its output as it came, colours and all. Returns an SVG."""
    made = Picture("Terminal", title, tag="")
    made.text(24, made.y, f"$ {command}", "mono strong")
    for line in said.rstrip("\n").split("\n"):
        made.y += 20
        spans, tone, strong = [], "", False
        for code, words in re.findall(r"(?:\x1b\[([\d;]*)m)?([^\x1b]*)", line):
            for one in code.split(";") if code else ():
                if one in ("", "0"):
                    tone, strong = "", False
                elif one == "1":
                    strong = True
                elif one in _TONES:
                    tone = _TONES[one]
            if words:
                kind = " ".join(k for k in (f"f-{tone}" if tone else "", "strong" if strong else "") if k)
                style = ' font-weight="600"' if strong else ""
                spans.append(
                    f'<tspan class="{kind}"{style}>{escape(words, quote=False)}</tspan>'
                    if kind
                    else escape(words, quote=False)
                )
        if spans:
            made.add(f'<text x="24" y="{made.y:g}" class="mono" xml:space="preserve">{"".join(spans)}</text>')
    made.y += 24
    return made.svg()


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the steps of docs/threads-app.md.")
    parser.add_argument("--out", type=Path, default=OUT)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in steps().items():
        (out / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")
        print(out / f"{name}.svg")


if __name__ == "__main__":
    main()
