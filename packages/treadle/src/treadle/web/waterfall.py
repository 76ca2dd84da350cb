"""The waterfall of a post: its timeline as bars on one axis of time, long waits folded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from treadle.plural import plural
from treadle.web.labels import OUTCOME_TONES, OUTCOME_WORDS, STAGE_WORDS, epoch, span

FOLD_SHARE = 0.09  # of the width, for each folded wait
MOST_FOLDS = 6
MOST_LANES = 24  # with more, the stages of a part share a row
LEAST_BAR = 0.5  # percent: what took no time can still be seen
TICK_ROOM = 12.0  # percent at either end in which the axis' own label stands


@dataclass(frozen=True, slots=True)
class Bar:
    """One call or moment. ``x`` and ``width`` in percent of the drawing; ``tone`` as in :mod:`treadle.web.labels`."""

    event_id: int
    x: float
    width: float
    tone: str
    title: str
    moment: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: everything of one stage of one part in one attempt; of a part or an attempt where these are many."""

    label: str
    bars: tuple[Bar, ...]
    total: str
    outcome: str
    tone: str


@dataclass(frozen=True, slots=True)
class Fold:
    """A wait that is drawn narrower than it was.

    ``label`` fits into the fold; ``labeled``: whether the axis has room for it, ``anchor`` standing at ``at`` percent.
    """

    x: float
    width: float
    label: str
    labeled: bool
    at: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    lanes: tuple[Lane, ...]
    folds: tuple[Fold, ...]
    ticks: tuple[Tick, ...]
    summary: str
    folded: str  # the lengths of the folded waits, in order


@dataclass(frozen=True, slots=True)
class _Piece:
    start: float
    end: float
    x: float
    width: float


def waterfall(events: Sequence[Mapping[str, Any]], now: float) -> Waterfall | None:
    """The drawing of a timeline as :func:`treadle.services.read.timeline` gives it; ``None`` without events.

    Waits longer than everything that was done are folded to a fixed width, so that a call of 200 ms can be seen in a
    post that was scheduled for a week.
    """
    spans = [(event, *_times(event, now)) for event in events]
    spans = [s for s in spans if s[1] is not None]
    if not spans:
        return None
    scale = _Scale([(start, end) for _, start, end in spans])
    grouped = _grouped(spans)
    chained = len({e["part"] for e, _, _ in spans if e["part"] is not None}) > 1
    several = len({e["attempt"] for e, _, _ in spans}) > 1
    lanes = [
        _lane(key, group, scale, chained=chained, several=several)
        for key, group in sorted(grouped.items(), key=lambda kv: (kv[0][0], kv[1][0][1], kv[1][0][0]["id"]))
    ]
    first, last = min(s for _, s, _ in spans), max(e for _, _, e in spans)
    calls = sum(1 for e, _, _ in spans if e["kind"] == "call")
    busy = sum(end - start for event, start, end in spans if event["kind"] == "call")
    summary = f"{span(last - first) or '0 s'} from first to last entry. {plural(calls, 'call')} took {span(busy)}."
    folds = scale.folds()
    folded = ", ".join(fold.label for fold in folds)
    return Waterfall(tuple(lanes), tuple(folds), tuple(scale.ticks()), summary, folded)


_Span = tuple[Mapping[str, Any], float, float]


def _grouped(spans: Sequence[_Span]) -> dict[tuple[Any, ...], list[_Span]]:
    """The rows: by attempt, stage and part; by attempt and part, or by attempt, when that would be too many."""
    for by_stage, by_part in ((True, True), (False, True), (False, False)):
        grouped: dict[tuple[Any, ...], list[_Span]] = {}
        for event, start, end in spans:
            kind = ("state" if event["kind"] == "state" else event["stage"]) if by_stage else None
            key = (event["attempt"], kind, event["part"] if by_part else None)
            grouped.setdefault(key, []).append((event, start, end))
        if len(grouped) <= MOST_LANES:
            break
    return grouped


def _times(event: Mapping[str, Any], now: float) -> tuple[float, float]:
    start = epoch(event["started_at"]) or 0.0
    duration = event["duration_s"]
    if duration is None:
        under_way = event["outcome"] is None and event["kind"] == "call"
        return start, max(start, now) if under_way else start
    return start, start + duration


def _lane(
    key: tuple[Any, ...],
    group: Sequence[tuple[Mapping[str, Any], float, float]],
    scale: _Scale,
    *,
    chained: bool,
    several: bool,
) -> Lane:
    kind = key[1]
    label = _label(key, chained=chained, several=several)
    bars = []
    for event, start, end in group:
        x, x_end = scale.place(start), scale.place(end)
        width = max(LEAST_BAR, x_end - x)
        x = min(x, 100 - width)
        took = f" ({span(end - start)})" if end > start else ""
        moment = event["kind"] == "state" or end <= start
        tone = "plain" if event["kind"] == "state" else OUTCOME_TONES.get(event["outcome"], "plain")
        bars.append(Bar(event["id"], round(x, 2), round(width, 2), tone, f"{event['what']}{took}", moment))
    last = group[-1][0]
    total = sum(end - start for _, start, end in group)
    words = "" if kind == "state" else OUTCOME_WORDS.get(last["outcome"], "")
    tone = "plain" if kind == "state" else OUTCOME_TONES.get(last["outcome"], "plain")
    return Lane(label, tuple(bars), span(total) if total > 0 else "", words, tone)


def _label(key: tuple[Any, ...], *, chained: bool, several: bool) -> str:
    attempt, kind, part = key
    if kind is None:
        if part is not None:
            return f"Part {part + 1} (attempt {attempt})" if several else f"Part {part + 1}"
        return f"Attempt {attempt}" if several else "The post"
    label = "State" if kind == "state" else STAGE_WORDS.get(kind, kind)
    if chained and part is not None:
        label += f", part {part + 1}"
    return f"{label} (attempt {attempt})" if several else label


class _Scale:
    """From time to percent of the width, long waits folded."""

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        merged: list[list[float]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        gaps = [(a[1], b[0]) for a, b in pairwise(merged)]
        busy = sum(end - start for start, end in merged)
        # A gap is folded when it would leave the rest no room. A rhythm of many like waits is not cut up: only those
        # that stand out of it are folded.
        bound = max(2.0, busy * 1.5)
        lengths = sorted((b - a for a, b in gaps if b - a > bound), reverse=True)
        if len(lengths) > MOST_FOLDS:
            bound = max(bound, lengths[MOST_FOLDS] * 1.5)
        folded = [gap for gap in gaps if gap[1] - gap[0] > bound]
        begin, finish = merged[0][0], merged[-1][1]
        open_time = (finish - begin) - sum(b - a for a, b in folded)
        share = 100.0 * FOLD_SHARE
        room = 100.0 - share * len(folded)
        per_second = room / open_time if open_time > 0 else 0.0
        self._pieces: list[_Piece] = []
        self._folds: list[_Piece] = []
        at, x = begin, 0.0
        for a, b in sorted(folded):
            width = (a - at) * per_second if per_second else room / (len(folded) + 1)
            self._pieces.append(_Piece(at, a, x, width))
            x += width
            self._folds.append(_Piece(a, b, x, share))
            self._pieces.append(self._folds[-1])
            at, x = b, x + share
        self._pieces.append(_Piece(at, finish, x, max(0.0, 100.0 - x)))

    def place(self, at: float) -> float:
        for piece in self._pieces:
            if at <= piece.end:
                if piece.end <= piece.start:
                    return piece.x
                return piece.x + piece.width * max(0.0, (at - piece.start) / (piece.end - piece.start))
        return self._pieces[-1].x + self._pieces[-1].width

    def folds(self) -> list[Fold]:
        labeled = len(self._folds) <= MOST_FOLDS // 2
        return [_fold(piece, labeled) for piece in self._folds]

    def ticks(self) -> list[Tick]:
        """The start and the end; times since the start, folded waits included. A fold beside an end takes its place."""
        begin, finish = self._pieces[0].start, self._pieces[-1].end
        ticks = [Tick(0.0, "0 s", "start"), Tick(100.0, span(finish - begin), "end")]
        if not self._folds and finish > begin:
            ticks.insert(1, Tick(50.0, span((finish - begin) / 2), "middle"))
        middles = [f.x + f.width / 2 for f in self.folds() if f.labeled]
        return [
            tick
            for tick in ticks
            if tick.anchor == "middle" or all(abs(middle - tick.x) > TICK_ROOM for middle in middles)
        ]


def _fold(piece: _Piece, labeled: bool) -> Fold:
    x, width, label = round(piece.x, 2), round(piece.width, 2), short_span(piece.end - piece.start)
    middle = x + width / 2
    if middle < TICK_ROOM / 2:  # on a phone the label is wider than the fold: it must not leave the drawing
        return Fold(x, width, label, labeled, 0.0, "start")
    if middle > 100 - TICK_ROOM / 2:
        return Fold(x, width, label, labeled, 100.0, "end")
    return Fold(x, width, label, labeled, round(middle, 2), "middle")


def short_span(seconds: float) -> str:
    """A length of time in one unit, as it fits into a fold: ``40 s``, ``6 min``, ``3 h``, ``7 days``."""
    if 5400 <= seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return span(seconds)
