"""Posts as rows of a CSV file: the columns Treadle writes, and reading the files of other schedulers. Pure."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from treadle.domain.findings import Finding, finding

COLUMNS: Final = ("account", "publish_at", "zone", "text", "media", "alt_text", "labels", "options", "replies")
MOST_ROWS: Final = 2_000
MOST_BYTES: Final = 4_000_000
MONTHS: Final = 12
DateOrder = Literal["ymd", "mdy", "dmy"]
DATE_ORDERS: Final[Mapping[str, DateOrder]] = {"ymd": "ymd", "mdy": "mdy", "dmy": "dmy"}
# What other schedulers call the same; compared without case, spaces and punctuation.
_CALLED: Final[Mapping[str, frozenset[str]]] = {
    "account": frozenset({"account", "profile", "username", "channel", "socialprofile", "page", "integration"}),
    "publish_at": frozenset(
        {"publishat", "scheduledat", "scheduledtime", "scheduledfor", "scheduledate", "datetime", "date", "postingtime",
         "publishdate", "scheduleddate", "dueat", "when", "dateandtime"}
    ),
    "time": frozenset({"time", "hour", "timeofday"}),
    "zone": frozenset({"zone", "timezone", "tz"}),
    "text": frozenset({"text", "content", "message", "post", "caption", "body", "description", "posttext", "copy"}),
    "media": frozenset(
        {"media", "mediaurl", "mediaurls", "image", "imageurl", "imageurls", "images", "picture", "pictureurl",
         "video", "videourl", "attachment", "attachments", "photo", "photourl"}
    ),
    "alt_text": frozenset({"alttext", "imagealttext", "alt", "mediaalttext"}),
    "link": frozenset({"link", "url", "linkurl"}),
    "labels": frozenset({"labels", "label", "tags", "tag", "category", "categories"}),
    "options": frozenset({"options"}),
    "replies": frozenset({"replies"}),
}  # fmt: skip
TARGETS: Final = tuple(_CALLED)
_SLASHED = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?\Z"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file: its header, and its rows as long as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def decoded(raw: bytes) -> str | None:
    """The text of a CSV file in UTF-8, or in the UTF-16 of Excel's *Unicode text*; ``None`` when it is in neither.

    Nothing is guessed: what other encodings mean cannot be told from the bytes, and a post would be changed silently.
    """
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if marked else "utf-8")
    except UnicodeDecodeError:
        return None


def read_sheet(text: str) -> Sheet | Finding:
    """The file; comma, semicolon and tab separate columns, whichever the header has most of."""
    text = text.removeprefix("\ufeff")
    if len(text.encode()) > MOST_BYTES:
        return finding("csv", "csv_too_large", limit=MOST_BYTES, most=MOST_ROWS)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True) if any(row)]
    except csv.Error as error:
        return finding("csv", "csv_broken", problem=str(error))
    if len(lines) < 2:
        return finding("csv", "csv_empty")
    if len(lines) - 1 > MOST_ROWS:
        return finding("csv", "csv_too_large", limit=MOST_ROWS, most=MOST_ROWS)
    header = tuple(name.strip() for name in lines[0])
    width = len(header)
    return Sheet(header, tuple(tuple((row + [""] * width)[:width]) for row in lines[1:]))


def guess_mapping(header: Sequence[str]) -> dict[str, int]:
    """Which column holds what, by its name: place in the header by what it is."""
    plain = [re.sub(r"[^a-z]", "", name.lower()) for name in header]
    found: dict[str, int] = {}
    for target, names in _CALLED.items():
        place = next((i for i, name in enumerate(plain) if name in names and i not in found.values()), None)
        if place is not None:
            found[target] = place
    return found


def row_as_body(
    sheet: Sheet,
    row: Sequence[str],
    mapping: Mapping[str, int],
    *,
    accounts: Mapping[str, str],
    account_id: str,
    zone: str,
    dates: DateOrder,
) -> tuple[dict[str, Any], list[Finding]]:
    """A row as a request to publish, and what could not be read of it.

    ``accounts``: ids by username in small letters and by id. ``account_id`` and ``zone`` hold where the row has none.
    """
    cell = {target: row[place].strip() for target, place in mapping.items() if 0 <= place < len(row)}
    wrong: list[Finding] = []
    body: dict[str, Any] = {"text": cell.get("text", "").replace("\r\n", "\n")}
    named = cell.get("account", "").removeprefix("@").lower()
    body["account_id"] = accounts.get(named, "") if named else account_id
    if named and not body["account_id"]:
        wrong.append(finding("account_id", "csv_account", given=named, name=named))
    when = " ".join(part for part in (cell.get("publish_at", ""), cell.get("time", "")) if part)
    at = iso_time(when, dates) if when else ""
    if at is None:
        wrong.append(finding("publish_at", "csv_date_order", given=when, when=when))
    elif at:
        body["publish_at"] = at
        if not re.search(r"(?:[Zz]|[+-]\d\d:?\d\d)$", at):
            body["zone"] = cell.get("zone") or zone
    media = [item for item in re.split(r"[\s|]+", cell.get("media", "")) if item]
    alts = cell.get("alt_text", "").splitlines()
    if media:
        body["media"] = [
            {("url" if "://" in item else "id"): item, **({"alt_text": alts[i]} if i < len(alts) and alts[i] else {})}
            for i, item in enumerate(media)
        ]
    labels = [label.strip() for label in cell.get("labels", "").split(",") if label.strip()]
    if labels:
        body["labels"] = labels
    for name, kind in (("options", dict), ("replies", list)):
        if cell.get(name):
            read = _json(cell[name])
            if isinstance(read, kind):
                body[name] = read
            else:
                wrong.append(finding(name, "csv_json", given=cell[name], name=name))
    if cell.get("link") and not media:
        body["options"] = {"link_attachment": cell["link"], **(body.get("options") or {})}
    return body, wrong


def iso_time(text: str, dates: DateOrder) -> str | None:
    """A time as ISO 8601 when it is written as tables write it; anything else as it is. ``None`` when the day and the
    month cannot be told apart, and nobody said which comes first."""
    found = _SLASHED.match(text.strip())
    if found is None:
        return text.strip()
    one, two, three, hour, minute, second, half = found.groups()
    if len(one) == 4:
        year, month, day = one, two, three
    else:
        first = dates if dates != "ymd" else _order(int(one), int(two), dotted="." in text)
        if first is None:
            return None
        day, month = (one, two) if first == "dmy" else (two, one)
        year = three
    if len(year) != 4:
        return text.strip()
    made = f"{year}-{int(month):02}-{int(day):02}"
    if hour is None:
        return made
    hours = int(hour) % 12 + (12 if half.lower() == "pm" else 0) if half else int(hour)
    return f"{made}T{hours:02}:{minute}:{second or '00'}"


def _order(one: int, two: int, *, dotted: bool) -> DateOrder | None:
    """Which of day and month comes first where nobody chose; ``None``: either may."""
    if dotted or one > MONTHS:  # with dots the day comes first, wherever they are written
        return "dmy"
    return "mdy" if two > MONTHS or one == two else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def csv_line(values: Iterable[str]) -> str:
    """One line of a CSV file (RFC 4180)."""
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerow(values)
    return made.getvalue()


def body_as_row(body: Mapping[str, Any], username: str, publish_at: str, zone: str) -> list[str]:
    """A request to publish as a row of :data:`COLUMNS`."""
    media = body.get("media") or []
    alts = [str(item.get("alt_text") or "").replace("\n", " ") for item in media]
    return [
        username,
        publish_at,
        zone,
        str(body.get("text") or ""),
        "\n".join(str(item.get("url") or item.get("id") or "") for item in media),
        "\n".join(alts) if any(alts) else "",
        ", ".join(body.get("labels") or ()),
        json.dumps(body["options"], ensure_ascii=False, sort_keys=True) if body.get("options") else "",
        json.dumps(body["replies"], ensure_ascii=False, sort_keys=True) if body.get("replies") else "",
    ]
