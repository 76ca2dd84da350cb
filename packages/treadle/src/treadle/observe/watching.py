"""What one worker does, told as it happens: a log line and a span per entry of the timelines it writes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import structlog

from treadle.observe.following import Follower
from treadle.store import Connection, Database, DatabaseError, posts_read, why_away
from treadle.store.timeline import TimelineEntry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

LOOK_S = 1.0
AT_REST = frozenset({"published", "failed", "blocked", "held", "canceled"})
log = structlog.get_logger("treadle.post")


class Watch:
    """A thread that follows the entries of ``worker``; ``exporter`` takes spans, or ``None`` for logs alone."""

    def __init__(self, db: Database, worker: str, exporter: SpanExporter | None = None) -> None:
        self._db, self._worker, self._exporter = db, worker, exporter
        self._follower = Follower(worker=worker)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="treadle-watch", daemon=True)

    def start(self) -> None:
        with self._db.read() as conn:
            self._follower.read(conn)
        self._thread.start()

    def stop(self) -> None:
        """Tell what is left to tell, and end."""
        self._stop.set()
        self._thread.join(10)
        try:
            self.look()
        except DatabaseError:
            log.warning("watch.incomplete", hint="The database was gone before the last entries were read.")

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self.look()
            except Exception as error:  # an entry that cannot be told must not end the telling
                log.warning("watch.failed", error=why_away(error) or type(error).__name__)

    def look(self) -> int:
        """Tell everything finished since the last look; returns how many entries that were."""
        logged = 0
        while True:
            with self._db.read() as conn:
                entries = self._follower.read(conn)
                rested = self._at_rest(conn, entries) if self._exporter is not None else []
            if not entries:
                return logged
            for entry in entries:
                log_entry(entry)
            if self._exporter is not None:
                from treadle.observe.tracing import resource_of, span_of

                resource = resource_of(self._worker)
                spans = [span_of(entry, resource) for entry in entries] + rested
                self._exporter.export(spans)
            logged += len(entries)

    def _at_rest(self, conn: Connection, entries: list[TimelineEntry]) -> list[Any]:
        """Spans of whole attempts that came to an end: derived ids make sending one twice harmless."""
        from treadle.observe.tracing import resource_of, root_span

        resource = resource_of(self._worker)
        first: dict[tuple[str, int], float] = {}
        last: dict[tuple[str, int], float] = {}
        for e in entries:
            key = (e.post_id, e.attempt)
            first[key] = min(first.get(key, e.started_at), e.started_at)
            last[key] = max(last.get(key, 0.0), e.started_at + (e.duration_s or 0.0))
        ids = sorted({post_id for post_id, _ in first})
        return [
            root_span(
                row.id,
                row.attempt,
                min(first[row.id, row.attempt], row.due_at) if row.attempt == 1 else first[row.id, row.attempt],
                last[row.id, row.attempt],
                row.state,
                row.cause_pattern,
                resource,
            )
            for row in posts_read.states_of(conn, ids)
            if row.state in AT_REST and (row.id, row.attempt) in first
        ]


def log_entry(entry: TimelineEntry) -> None:
    """One log line: trouble as a warning, decisions as information, the rest for whoever debugs."""
    trouble = entry.outcome in ("refused", "lost", "not_sent", "interrupted")
    level = "warning" if trouble else ("info" if entry.kind in ("state", "decision", "edit") else "debug")
    fields = {
        "post_id": entry.post_id,
        "attempt": entry.attempt,
        "part": entry.part,
        "stage": entry.stage,
        "kind": entry.kind,
        "what": entry.what,
        "outcome": entry.outcome,
        "seconds": round(entry.duration_s, 3) if entry.duration_s is not None else None,
        "pattern": entry.pattern,
        "lane": entry.lane,
        "decision": entry.decision,
        "workspace_id": entry.workspace_id,
    }
    getattr(log, level)(f"post.{entry.kind}", **{k: v for k, v in fields.items() if v is not None})
