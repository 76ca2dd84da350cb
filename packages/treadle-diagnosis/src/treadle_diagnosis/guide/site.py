"""Every page of the guide, from a path to finished HTML or JSON. No I/O beyond the package's own files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from lucide.jinja import lucide
from markupsafe import Markup

from treadle_diagnosis import NOTHING, UNKNOWN, as_evidence, diagnose_evidence
from treadle_diagnosis.catalog import Category, Example, Pattern, load
from treadle_diagnosis.catalog.circumstances import SURFACES
from treadle_diagnosis.catalog.document import example_json, pattern_codes, pattern_json, pattern_summary
from treadle_diagnosis.guide import prose
from treadle_diagnosis.guide.comparison import same_codes
from treadle_diagnosis.guide.highlight import highlight
from treadle_diagnosis.guide.links import ROOT, ServerLinks, StaticLinks
from treadle_diagnosis.limits import FORM_BYTES, PASTE_CHARS, TOO_LONG
from treadle_diagnosis.redact import plain, redact_text
from treadle_diagnosis.retry import plain_advice
from treadle_diagnosis.shape import report
from treadle_diagnosis.types import ACTION_LABELS
from treadle_diagnosis.wording import (
    CONFIDENCE_LABELS,
    SCOPE_LABELS,
    VISITOR_WHO_LABELS,
    retry_sentence,
)

Links = ServerLinks | StaticLinks
HTML, JSON = "text/html; charset=utf-8", "application/json"
ASSETS = {
    "tokens.css": ("treadle_diagnosis.guide", "assets/tokens.css", "text/css; charset=utf-8"),
    "guide.css": ("treadle_diagnosis.guide", "assets/guide.css", "text/css; charset=utf-8"),
    "theme.js": ("treadle_diagnosis.guide", "assets/theme.js", "text/javascript; charset=utf-8"),
    "guide.js": ("treadle_diagnosis.guide", "assets/guide.js", "text/javascript; charset=utf-8"),
}
# The colour of an action: go (passes by itself), wait, act (somebody does something), stop (cannot work).
STATES = {
    "retry_later": "wait",
    "recreate_container": "wait",
    "verify_first": "act",
    "reconnect": "act",
    "fix_media": "act",
    "fix_content": "act",
    "fix_app_setup": "act",
    "fix_request": "act",
    "resolve_on_platform": "stop",
    "contact_support": "stop",
}
STAGES = (
    ("oauth", "connecting an account"),
    ("token_refresh", "refreshing a token"),
    ("create_container", "creating a container"),
    ("container_status", "waiting for the container"),
    ("publish", "publishing"),
    ("read", "reading"),
)
# The Lucide icon of each category, by its slug.
CATEGORY_ICONS = {
    "authentication": "key-round",
    "linked-account": "user-x",
    "account-restrictions": "shield-alert",
    "app-access": "app-window",
    "media-fetch": "cloud-download",
    "media-processing": "hourglass",
    "video": "film",
    "image": "image",
    "content": "text-align-start",
    "rate-limits": "gauge",
    "platform": "server",
    "integration": "braces",
}
FEW_WORDS = 4
MOST_NEAR = 12


@dataclass(frozen=True, slots=True)
class Page:
    """A finished answer: ``body`` with its content type and HTTP status. ``location``: where it really is."""

    body: str
    content_type: str = HTML
    status: int = 200
    location: str = ""


def render(path: str, form: Mapping[str, str] | None = None, *, signed_in: bool = False) -> Page | None:
    """The page at ``path`` (``/guide…``, a query string allowed); ``None`` when there is no such file.

    Where no page is, there is one with the nearest ones (status 404), or the way to the one that is meant.
    ``signed_in``: whoever asks has the pages of Treadle to go back to.

    ``form`` holds the fields of a POST to ``/guide/diagnose`` (``error``, ``stage``, ``surface``). An empty or binary
    paste gives status 422, one that is too long 413.
    """
    parts = urlsplit(path)
    place = unquote(parts.path).removeprefix(ROOT).strip("/")
    fields = {key: values[0] for key, values in parse_qs(parts.query[:FORM_BYTES]).items()}
    if form is not None:
        fields.update({key: value for key, value in form.items() if isinstance(value, str)})
    if place.startswith("assets/"):
        return asset(place.removeprefix("assets/"))
    if place.endswith(".json"):
        return twin(place.removesuffix(".json"))
    place, links = place.removesuffix(".html"), ServerLinks(place)
    made = page(place, links, fields, submitted=form is not None, signed_in=signed_in)
    return made or _View(links, place, "", signed_in).nearest()


def asset(name: str) -> Page | None:
    """A style sheet or script by name."""
    if (found := ASSETS.get(name)) is None:
        return None
    package, inside, kind = found
    return Page((resources.files(package) / inside).read_text("utf-8"), kind)


def places() -> list[str]:
    """Every page's place below the root, in reading order."""
    catalog = load()
    return [
        "",
        "diagnose",
        "search",
        "unknown",
        "codes",
        *(p.slug for p in prose.pages()),
        *(f"categories/{c.slug}" for c in catalog.categories),
        *(f"errors/{p.id}" for p in catalog.patterns),
    ]


def page(
    place: str,
    links: Links,
    fields: Mapping[str, str] | None = None,
    *,
    submitted: bool = False,
    base_url: str = "",
    signed_in: bool = False,
) -> Page | None:
    """The HTML page at ``place``, with links in the manner of ``links``."""
    view = _View(links, place, base_url, signed_in)
    kind, _, name = place.rpartition("/")
    if place in ("", "index"):
        return view.index()
    if place == "diagnose":
        return view.diagnose(fields or {}, submitted)
    if place == "search":
        return view.search((fields or {}).get("q", ""))
    if place == "unknown":
        return view.show(
            "unknown.html",
            "An answer that is not catalogued yet",
            "What to do with an answer of Meta's that nobody knows.",
        )
    if place == "codes":
        return view.codes()
    if kind == "errors" and (pattern := load().get(name)) is not None and pattern.id == name:
        return view.pattern(pattern)
    if kind == "categories":
        category = next((c for c in load().categories if c.slug == name), None)
        return view.category(category) if category else None
    text = next((p for p in prose.pages() if p.slug == place), None)
    return view.prose(text) if text else None


def code_page(number: int, links: StaticLinks, base_url: str = "") -> Page:
    """The page of a static copy at ``errors/NUMBER/``: the way to the pattern that knows it, or a choice of several."""
    view = _View(links, f"errors/{number}/index", base_url)
    found = with_code(number)
    return view.moved(number, found[0]) if len(found) == 1 else view.code(number)


def numbers() -> list[int]:
    """Every code and subcode that has a page of its own number."""
    known = [pattern_codes(p) for p in load()]
    return sorted({number for codes in known for number in (*codes["code"], *codes["subcode"])})


def twin(place: str) -> Page | None:
    """The machine-readable twin of a page."""
    catalog = load()
    kind, _, name = place.rpartition("/")
    data: Any = None
    if place in ("", "index", "search", "diagnose"):
        data = {
            "patterns": [pattern_summary(p) for p in catalog],
            "categories": [{"name": c.name, "slug": c.slug, "about": c.about} for c in catalog.categories],
            "pages": [{"slug": p.slug, "title": p.title, "description": p.description} for p in prose.pages()],
            "checked": catalog.checked,
        }
    elif kind == "errors" and (pattern := catalog.get(name)) is not None and pattern.id == name:
        data = pattern_json(pattern, catalog)
    elif kind == "categories" and (category := next((c for c in catalog.categories if c.slug == name), None)):
        data = {
            "name": category.name,
            "about": category.about,
            "patterns": [pattern_summary(p) for p in category.patterns],
        }
    elif place == "codes":
        data = {
            "codes": [
                {
                    "code": row.code,
                    **{s: [p.id for p in meaning] for s, meaning in zip(SURFACES, row.meanings, strict=True)},
                }
                for row in same_codes()
            ]
        }
    elif place == "unknown":
        data = {"pattern": UNKNOWN, "retry": {"kind": "never"}, "report": "treadle-diagnose report 'the error'"}
    elif (text := next((p for p in prose.pages() if p.slug == place), None)) is not None:
        data = {"slug": text.slug, "title": text.title, "description": text.description, "markdown": text.markdown}
    return None if data is None else Page(json.dumps(data, ensure_ascii=False, indent=2) + "\n", JSON)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("treadle_diagnosis.guide"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["highlight"] = highlight
    env.globals.update(
        labels=ACTION_LABELS,
        states=STATES,
        who=VISITOR_WHO_LABELS,
        scopes=SCOPE_LABELS,
        confidence=CONFIDENCE_LABELS,
        stages=STAGES,
        codes=code_list,
        find=find_words,
        md=lambda text: Markup(prose.inline(text)),  # inline() escapes everything but code spans
        category_icon=_category_icon,
    )
    return env


def _category_icon(category: Category) -> Markup:
    """Its icon as inline SVG, hidden from screen readers: its name stands beside it."""
    name = CATEGORY_ICONS[category.slug]
    return Markup(
        lucide(name, size=20, stroke_width="1.75", aria_hidden="true", focusable="false", **{"class": "icon"})
    )


def code_list(pattern: Pattern) -> list[str]:
    """A pattern's codes as people write them."""
    known = pattern_codes(pattern)
    return [
        *(f"code {c}" for c in known["code"]),
        *(f"subcode {c}" for c in known["subcode"]),
        *known["constant"],
    ]


def find_words(pattern: Pattern) -> str:
    """What search goes by, one a line: ``t`` title, ``c`` code, ``s`` subcode, ``n`` constant, ``w`` words."""
    known = pattern_codes(pattern)
    lines = [f"t:{pattern.title} {pattern.id} {pattern.public_name} {pattern.category} {pattern.what_happened}"]
    lines += [f"c:{c}" for c in known["code"]] + [f"s:{c}" for c in known["subcode"]]
    lines += [f"n:{name.lower()}" for name in known["constant"]]
    phrases = {phrase for match in pattern.matches for phrase in match.words if "&" not in phrase}
    return "\n".join([*lines, *(f"w:{phrase}" for phrase in sorted(phrases))])


@lru_cache(maxsize=1)
def _searched() -> tuple[str, ...]:
    """For every pattern, in order, the text that a search looks at."""
    return tuple(find_words(p).lower().replace("_", " ") for p in load())


def found_by(query: str) -> list[Pattern]:
    """The patterns whose words hold every word of a query; none for an empty one."""
    wanted = query.lower().replace("_", " ").split()
    return [p for p, text in zip(load(), _searched(), strict=True) if wanted and all(w in text for w in wanted)]


def _number(wanted: str) -> int | None:
    """The code that an address means: ``190``, ``#190``; ``-1`` is a code of its own, ``-190`` is 190."""
    if (found := re.fullmatch(r"[#-]*?(-?[0-9]{1,18})[#-]*", wanted)) is None:
        return None
    number = int(found[1])
    return number if with_code(number) else abs(number)


def with_code(number: int) -> list[Pattern]:
    """The patterns that know a number as a subcode, else as a code."""
    known = [(p, pattern_codes(p)) for p in load()]
    return [p for p, codes in known if number in codes["subcode"]] or [
        p for p, codes in known if number in codes["code"]
    ]


class _View:
    """The pages for one manner of linking."""

    def __init__(self, links: Links, place: str, base_url: str, signed_in: bool = False) -> None:
        self.links = links
        self.place = place
        self.signed_in = signed_in
        self.base_url = base_url.rstrip("/")

    def show(self, template: str, title: str, description: str, status: int = 200, **more: Any) -> Page:
        catalog = load()
        ending = ".html" if not self.links.server else ""
        place = self.place or ("index" if not self.links.server else "")
        html = (
            _environment()
            .get_template(template)
            .render(
                title=f"{title} · Treadle guide" if self.place else title,
                description=description[:300],
                canonical=f"{self.base_url}/{place}{ending}" if self.base_url else "",
                href=self.links.href,
                twin=self.links.twin() if template != "nearest.html" else "",
                server=self.links.server,
                feed=self.links.feed() if self.base_url else "",
                diagnoses=template in ("index.html", "diagnose.html", "nearest.html"),
                finds=template not in ("index.html", "nearest.html", "search.html"),  # these have a search of their own
                signed_in=self.signed_in,
                total=len(catalog),
                checked=catalog.checked,
                categories=catalog.categories,
                **more,
            )
        )
        return Page(html, HTML, status)

    def index(self) -> Page:
        return self.show(
            "index.html",
            "Threads API errors: every answer, why, and what to do",
            f"{len(load())} errors of Meta's Threads, Instagram and Graph publishing APIs: cause, next step, "
            "and whether a retry can work.",
            prose=prose.pages(),
        )

    def codes(self) -> Page:
        return self.show(
            "codes.html",
            "The same code on Threads, Instagram and Facebook",
            "One code number means different things on Threads, Instagram and Facebook: what each platform says by it.",
            rows=same_codes(),
            surfaces=SURFACES,
        )

    def category(self, category: Category) -> Page:
        names = ", ".join(p.title for p in category.patterns[:5])
        return self.show(
            "category.html",
            f"{category.name} errors of the Threads API",
            f"{category.about} {names}.",
            category=category,
        )

    def prose(self, page: prose.Prose) -> Page:
        body = Markup(prose.to_html(page, self.links.href))  # raw HTML is not let through
        return self.show("prose.html", page.title, page.description, page=page, body=body)

    def pattern(self, pattern: Pattern) -> Page:
        catalog = load()
        known = pattern_codes(pattern)
        name = " / ".join(str(c) for c in (known["subcode"] or known["code"] or known["constant"])[:3])
        alike = [(other, how) for key, how in pattern.look_alikes.items() if (other := catalog.get(key))]
        near = [
            {**_shown(e), "other": other}
            for e in pattern.near_misses
            if (other := catalog.get(e.belongs_to)) is not None
        ]
        return self.show(
            "pattern.html",
            f"{pattern.title} ({name})" if name else pattern.title,
            f"{pattern.what_happened} {pattern.next_step}",
            pattern=pattern,
            category=next(c for c in catalog.categories if c.name == pattern.category),
            retry=retry_sentence(plain_advice(pattern.retry)),
            shown_examples=[_shown(e) for e in pattern.examples],
            near=near,
            alike=alike,
            numbers=name,
            sample=catalog.samples.get(pattern.sample),
            references=[catalog.references[key] for key in pattern.references],
        )

    def search(self, query: str) -> Page:
        query = plain(query.strip()[:200])
        found = found_by(query) if query or self.links.server else list(load())
        return self.show(
            "search.html",
            f"Search: {query}" if query else "Search",
            "Search the errors of the Threads API by code, subcode, constant or words.",
            query=query,
            found=found,
        )

    def code(self, number: int) -> Page:
        """The patterns that know a number, of a copy that has no server to look them up."""
        title = f"Errors with the code {number}"
        found = with_code(number)
        names = ", ".join(p.title for p in found[:4])
        return self.show("nearest.html", title, f"{title}: {names}.", query=str(number), found=found, title_here=title)

    def moved(self, number: int, pattern: Pattern) -> Page:
        """A page that leads to the one pattern with this number."""
        target = self.links.href("pattern", pattern.id)
        canonical = f"{self.base_url}/errors/{pattern.id}.html" if self.base_url else target
        template = _environment().get_template("moved.html")
        return Page(template.render(number=number, pattern=pattern, target=target, canonical=canonical))

    def nearest(self) -> Page:
        """What may be meant by an address that has no page: a code, an id written otherwise, a word."""
        wanted = plain(unquote(self.place).rpartition("/")[2][:100])
        if (pattern := load().get(wanted)) is not None:
            return Page("", status=302, location=self.links.href("pattern", pattern.id))
        number = _number(wanted)
        if number is not None:
            found = with_code(number)
            if len(found) == 1:
                return Page("", status=302, location=self.links.href("pattern", found[0].id))
        else:
            ids = {name: p for p in load() for name in (p.id, p.public_name.lower())}
            near = get_close_matches(wanted.lower().replace("-", "_"), ids, 5)
            found = list({p.id: p for p in [*(ids[name] for name in near), *found_by(wanted)[:MOST_NEAR]]}.values())
        status = 200 if number is not None and found else 404
        title = f"Errors with the code {number}" if status == 200 else "There is no such page in the guide"
        return self.show("nearest.html", title, title, status, query=wanted, found=found, title_here=title)

    def diagnose(self, fields: Mapping[str, str], submitted: bool) -> Page:
        pasted = fields.get("error", "")
        too_long = len(pasted) > PASTE_CHARS
        text = "" if too_long else plain(pasted)
        stage, surface = fields.get("stage", ""), fields.get("surface", "")
        more: dict[str, Any] = {
            "text": redact_text(text), "stage": stage, "surface": surface, "d": None, "nothing": "", "known": False,
            "retry": "", "report": "", "mentions": [],
        }  # fmt: skip
        status = 200
        if too_long:
            status, more["nothing"] = 413, TOO_LONG
        elif text or submitted:
            evidence = as_evidence(text, stage=stage or None, surface=surface or None)
            d = diagnose_evidence(evidence)
            if d.pattern == NOTHING:
                status, more["nothing"] = 422, f"{d.what_happened} {d.next_step}"
            else:
                known = d.pattern != UNKNOWN
                more.update(d=d, known=known, retry=retry_sentence(d.retry, known=known))
                if not known:
                    more["report"] = report(evidence)
                    if len(text.split()) <= FEW_WORDS:  # a word or a name, not an answer of Meta's
                        more["mentions"] = found_by(text)[:MOST_NEAR]
        return self.show(
            "diagnose.html",
            "Paste your Threads API error",
            "Paste an error of Meta's Threads, Instagram or Graph API: cause, next step, and whether a retry can work.",
            status,
            **more,
        )


def _shown(example: Example) -> dict[str, str]:
    """An example as the page shows it: where it came from, and its text."""
    fields = example_json(example)
    body = fields.pop("body", None)
    if body is None:
        body = fields.pop("exception", None)
    where = [fields.pop("surface").capitalize()]
    stage = fields.pop("stage")
    where += [] if stage == "unknown" else [stage.replace("_", " ")]
    where += [f"HTTP {fields.pop('http_status')}"] if "http_status" in fields else []
    extra = {key: value for key, value in fields.items() if key in ("headers", "context")}
    if body is None:
        body = extra.pop("headers", None) or extra.pop("context", None)
    where += [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in extra.items()]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, indent=2)
    return {"where": ", ".join(where), "text": text}
