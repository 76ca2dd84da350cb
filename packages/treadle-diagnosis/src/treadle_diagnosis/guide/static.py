"""The guide as files that need no server: every page with its JSON twin, the diagnosis as a script, short addresses.

With the public address also a sitemap, and a feed of what changed since the copy that lies there already.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from treadle_diagnosis.catalog import Pattern, load
from treadle_diagnosis.catalog.document import pattern_json
from treadle_diagnosis.guide.links import StaticLinks
from treadle_diagnosis.guide.site import ASSETS, asset, code_page, numbers, page, places, twin
from treadle_diagnosis.javascript.bundle import bundle

CHANGES = "changes.json"  # what each pattern was in this copy, and the day since which it is
FEED_ENTRIES = 60


def build(directory: Path, *, base_url: str = "", today: date | None = None) -> list[str]:
    """Write the whole guide below ``directory`` and give back the relative names of the files written.

    ``base_url`` is the address the copy will have: for canonical links, the sitemap and the feed, which are not made
    without it. Files of an earlier build are overwritten, others are left alone; patterns that differ from an earlier
    build there have changed ``today`` (by default the machine's, UTC). Raises ``OSError`` when a file cannot be
    written.
    """
    base_url = base_url.rstrip("/")
    written: dict[str, str] = {}
    for place in places():
        name = place or "index"
        made = page(place, StaticLinks(name), base_url=base_url)
        data = twin(name)
        if made is None or data is None:
            raise RuntimeError(f"the guide has no page at {place!r}")
        written[f"{name}.html"] = made.body
        written[f"{name}.json"] = data.body
    sites = [name for name in written if name.endswith(".html")]
    for number in numbers():
        name = f"errors/{number}/index"
        written[f"{name}.html"] = code_page(number, StaticLinks(name), base_url).body
    for name in ASSETS:
        if (found := asset(name)) is not None:
            written[f"assets/{name}"] = found.body
    written["assets/treadle-diagnosis.js"] = bundle("page")
    changes = _changes(_earlier(directory / CHANGES), today or datetime.now(UTC).date())
    written[CHANGES] = json.dumps(changes, indent=1, sort_keys=True) + "\n"
    if base_url:
        written["sitemap.xml"] = _sitemap(base_url, sites, changes)
        written["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {base_url}/sitemap.xml\n"
        written["feed.xml"] = _feed(base_url, changes)
    for name, text in written.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return list(written)


Changes = dict[str, dict[str, str]]


def _earlier(path: Path) -> Mapping[str, Any]:
    """What an earlier build noted; nothing when there was none."""
    try:
        noted = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _changes(earlier: Mapping[str, Any], today: date) -> Changes:
    """For every pattern a digest of what its page says, and the day since which it says so."""
    catalog = load()
    found: Changes = {}
    for pattern in catalog:
        content = {key: value for key, value in pattern_json(pattern, catalog).items() if key != "checked"}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
        before = earlier.get(pattern.id)
        if isinstance(before, dict) and before.get("digest") == digest and isinstance(before.get("since"), str):
            since = before["since"]
        else:
            since = today.isoformat() if earlier else pattern.checked
        found[pattern.id] = {"digest": digest, "since": since}
    return found


def _sitemap(base_url: str, pages: list[str], changes: Changes) -> str:
    def urls() -> Iterator[str]:
        for name in pages:
            noted = changes.get(name.removeprefix("errors/").removesuffix(".html"))
            day = noted["since"] if noted else load().checked
            address = f"{base_url}/{'' if name == 'index.html' else name}"
            yield f"<url><loc>{escape(address)}</loc><lastmod>{day}</lastmod></url>\n"

    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "".join(urls())
        + "</urlset>\n"
    )


def _feed(base_url: str, changes: Changes) -> str:
    """The patterns that changed last, as Atom."""
    newest = sorted(load(), key=lambda p: changes[p.id]["since"], reverse=True)[:FEED_ENTRIES]
    updated = max(noted["since"] for noted in changes.values())
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>Threads API errors: changed patterns</title>\n<id>{escape(base_url)}/</id>\n"
        f'<link href={quoteattr(f"{base_url}/")}/>\n<link rel="self" href={quoteattr(f"{base_url}/feed.xml")}/>\n'
        f"<updated>{updated}T00:00:00Z</updated>\n<author><name>Treadle</name></author>\n"
    )
    return head + "".join(_entry(base_url, p, changes[p.id]["since"]) for p in newest) + "</feed>\n"


def _entry(base_url: str, pattern: Pattern, day: str) -> str:
    address = f"{base_url}/errors/{pattern.id}.html"
    return (
        f"<entry><title>{escape(pattern.title)}</title><id>{escape(address)}#{day}</id>"
        f"<link href={quoteattr(address)}/><updated>{day}T00:00:00Z</updated>"
        f"<summary>{escape(f'{pattern.what_happened} {pattern.next_step}')}</summary></entry>\n"
    )
