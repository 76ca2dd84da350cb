"""What ``/metrics`` shows, in Prometheus' text format.

Everything comes from the tables, so one server tells of all workers; with several servers scrape one of them. Counters
and histograms begin at zero when the server starts, as Prometheus expects. Ids stand in labels, names never.

===========================================  =========  ==========================================================
name                                         kind       labels and meaning
===========================================  =========  ==========================================================
treadle_posts                                gauge      state: posts in each state
treadle_posts_with_cause                     gauge      lane, pattern: posts not published that carry this cause now
treadle_post_changes_total                   counter    state: posts that came into this state
treadle_causes_total                         counter    lane, pattern, stage: failures diagnosed
treadle_stage_seconds                        histogram  stage, outcome: how long calls and work of a stage took
treadle_publish_delay_seconds                histogram  published after the time asked for
treadle_live_differs_total                   counter    parts that are live otherwise than asked
treadle_retries_total                        counter    posts that went to try again
treadle_waits_total                          counter    posts that went to wait (quota, outage, pause)
treadle_duplicates_prevented_total           counter    how: found_live (an unclear publish was live) or
                                                        idempotency_key (a request came twice)
treadle_queue_depth                          gauge      posts whose next step is due now
treadle_queue_oldest_seconds                 gauge      how long the oldest of them is due
treadle_scheduled                            gauge      posts whose time lies ahead
treadle_blockers_open                        gauge      scope, lane
treadle_posts_waiting_for_repair             gauge      scope, lane: posts behind open blockers
treadle_checking_oldest_seconds              gauge      age of the oldest post whose outcome is unknown
treadle_accounts                             gauge      health
treadle_account_token_days_left              gauge      account
treadle_account_quota_used_ratio             gauge      account, bucket (posts, replies): as last read from Threads
treadle_webhook_deliveries_due               gauge      deliveries that should have gone
treadle_webhook_lag_seconds                  gauge      how long the oldest of them should have gone
treadle_workers_alive                        gauge      workers with a lease
treadle_worker_seen_seconds                  gauge      since any worker renewed its lease
treadle_job_failures_total                   counter    job: items of a shared job that failed and were left out
treadle_unknown_answers                      gauge      shapes of answers no pattern knows
treadle_http_requests_total                  counter    method, route, status of this server's own API
treadle_http_request_seconds                 histogram  method, route
treadle_event_streams                        gauge      open streams (/v1/events, /live) on this server
treadle_build_info                           gauge      version; always 1
===========================================  =========  ==========================================================
"""

from __future__ import annotations

import threading
from collections import Counter as Counting
from collections.abc import Container, Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from treadle import __version__
from treadle.domain.states import STATE_WORDS
from treadle.observe.following import ChangeFollower, Follower, proven_live
from treadle.store import Connection, Database, jobs, statistics, unknown_answers, workers
from treadle_diagnosis.catalog import load
from treadle_diagnosis.catalog.words import LANES, STAGES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STAGE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
ACCOUNTS_MOST = 1_000  # accounts with series of their own, oldest first
# What comes from a request or an answer is never a label: every value is from a fixed set, or is this.
OTHER = "other"
OUTCOMES = frozenset({"ok", "refused", "not_sent", "lost", "interrupted", "none"})
DELAY_BUCKETS = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)


def among(known: Container[str], value: str) -> str:
    """The value of a label."""
    return value if value in known else OTHER


@cache
def _patterns() -> frozenset[str]:
    return frozenset({"unknown", *(pattern.id for pattern in load().patterns)})


class Metrics:
    """The metrics of one server. Reading them costs a few indexed queries."""

    def __init__(self, db: Database, now: object) -> None:
        self._db = db
        self._now = now
        self._events, self._changes = Follower(), ChangeFollower()
        self._reading = threading.Lock()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per counter that nothing reads
        self.registry = CollectorRegistry(auto_describe=True)
        counter, gauge = self._counter, self._gauge
        self.changes = counter("treadle_post_changes", "Posts that came into this state.", ("state",))
        self.causes = counter("treadle_causes", "Failures diagnosed.", ("lane", "pattern", "stage"))
        self.differs = counter("treadle_live_differs", "Parts that are live otherwise than they were asked for.")
        self.retries = counter("treadle_retries", "Posts that went to try again.")
        self.waits = counter("treadle_waits", "Posts that went to wait for quota, an outage or a pause to end.")
        self.doubles = counter("treadle_duplicates_prevented", "Posts that were not sent twice.", ("how",))
        self.stages = Histogram(
            "treadle_stage_seconds",
            "How long calls and work of a stage took.",
            ("stage", "outcome"),
            buckets=STAGE_BUCKETS,
            registry=self.registry,
        )
        self.delay = Histogram(
            "treadle_publish_delay_seconds",
            "Published after the time asked for.",
            buckets=DELAY_BUCKETS,
            registry=self.registry,
        )
        self.requests = counter("treadle_http_requests", "Requests to this server.", ("method", "route", "status"))
        self.request_seconds = Histogram(
            "treadle_http_request_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self.streams = gauge("treadle_event_streams", "Open streams (/v1/events, /live) on this server.")
        gauge("treadle_build_info", "The release.", ("version",)).labels(__version__).set(1)
        for how in ("found_live", "idempotency_key"):
            self.doubles.labels(how)
        for state in STATE_WORDS:
            self.changes.labels(state)
        self.registry.register(_Tables(db, self._clock))
        with self._reading, db.read() as conn:
            self._follow(conn)  # begin at the present

    def _counter(self, name: str, words: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, words, labels, registry=self.registry)

    def _clock(self) -> float:
        return float(self._now())  # type: ignore[operator]

    def render(self) -> bytes:
        """The page. Blocks for the queries: call it in a thread."""
        with self._reading:
            with self._db.read() as conn:
                while self._follow(conn):
                    pass
            return generate_latest(self.registry)

    def _follow(self, conn: Connection) -> bool:
        entries, changed = self._events.read(conn), self._changes.read(conn)
        for entry in entries:
            if entry.duration_s is not None:
                outcome = among(OUTCOMES, entry.outcome or "none")
                self.stages.labels(among(STAGES, entry.stage), outcome).observe(max(0.0, entry.duration_s))
            if entry.pattern:
                lane, pattern = among(LANES, entry.lane or "unknown"), among(_patterns(), entry.pattern)
                self.causes.labels(lane, pattern, among(STAGES, entry.stage)).inc()
        published = []
        for row in changed:
            if row.type == "post.differs":
                self.differs.inc()
            kind, _, state = row.type.partition(".")
            if kind != "post" or state not in STATE_WORDS:
                continue
            self.changes.labels(state).inc()
            if state == "retrying":
                self.retries.inc()
            elif state == "waiting":
                self.waits.inc()
            elif state == "published":
                published.append(row.subject)
        if published:
            self.doubles.labels("found_live").inc(proven_live(conn, published))
            self._observe_delays(conn, published)
        return bool(entries or changed)

    def _observe_delays(self, conn: Connection, post_ids: list[str]) -> None:
        for published_at, due_at in statistics.publish_times(conn, post_ids):
            self.delay.observe(max(0.0, published_at - due_at))


class _Tables(Collector):
    """What the tables hold at this moment."""

    def __init__(self, db: Database, now: object) -> None:
        self._db, self._now = db, now

    def describe(self) -> list[Metric]:
        return []  # asked for when it is registered: no query for that

    def collect(self) -> Iterator[Metric]:
        now = float(self._now())  # type: ignore[operator]
        with self._db.read() as conn:
            yield from _posts(conn, now)
            yield from _causes(conn)
            yield from _accounts(conn, now)
            yield from _background_work(conn, now)


def _posts(conn: Connection, now: float) -> Iterator[Metric]:
    states = GaugeMetricFamily("treadle_posts", "Posts in each state.", labels=["state"])
    known = dict.fromkeys(STATE_WORDS, 0) | statistics.posts_by_state(conn)
    for state, count in known.items():
        states.add_metric([state], count)
    yield states
    due = statistics.steps_due(conn, now)
    age = now - due.oldest if due.oldest else 0
    yield _one("treadle_queue_depth", "Posts whose next step is due now.", due.count)
    yield _one("treadle_queue_oldest_seconds", "How long the oldest of them is due.", age)
    yield _one("treadle_scheduled", "Posts whose time lies ahead.", statistics.scheduled_ahead(conn, now))
    oldest = statistics.oldest_in_doubt(conn)
    words = "Age of the oldest post whose outcome is unknown."
    yield _one("treadle_checking_oldest_seconds", words, max(0.0, now - oldest) if oldest else 0)


def _causes(conn: Connection) -> Iterator[Metric]:
    causes = GaugeMetricFamily(
        "treadle_posts_with_cause", "Posts not published that carry this cause now.", labels=["lane", "pattern"]
    )
    counted: Counting[tuple[str, str]] = Counting()
    for lane, pattern, count in statistics.causes_of_posts(conn):
        counted[among(LANES, lane or "unknown"), among(_patterns(), pattern)] += count
    for labels, count in counted.items():
        causes.add_metric(labels, count)
    yield causes
    is_open = GaugeMetricFamily("treadle_blockers_open", "Open causes that hold posts.", labels=["scope", "lane"])
    held = GaugeMetricFamily("treadle_posts_waiting_for_repair", "Posts behind open causes.", labels=["scope", "lane"])
    for scope, lane, count in statistics.open_blockers(conn):
        is_open.add_metric([scope, lane], count)
    for scope, lane, count in statistics.posts_behind_blockers(conn):
        held.add_metric([scope, lane], count)
    yield is_open
    yield held


def _accounts(conn: Connection, now: float) -> Iterator[Metric]:
    health = GaugeMetricFamily("treadle_accounts", "Accounts by health.", labels=["health"])
    days = GaugeMetricFamily("treadle_account_token_days_left", "Until the token ends.", labels=["account"])
    quota = GaugeMetricFamily(
        "treadle_account_quota_used_ratio", "Share of the 24 hours' quota used.", labels=["account", "bucket"]
    )
    counted: dict[str, int] = {}
    for place, row in enumerate(statistics.connected_accounts(conn)):
        counted[row.health] = counted.get(row.health, 0) + 1
        if place >= ACCOUNTS_MOST:
            continue
        if row.token_expires_at is not None:
            days.add_metric([row.id], round((row.token_expires_at - now) / 86_400, 3))
        for bucket in ("posts", "replies"):
            used, total = (row.quota or {}).get(f"{bucket}_used"), (row.quota or {}).get(f"{bucket}_total")
            if used is not None and total:
                quota.add_metric([row.id, bucket], used / total)
    for name, count in counted.items():
        health.add_metric([name], count)
    yield from (health, days, quota)


def _background_work(conn: Connection, now: float) -> Iterator[Metric]:
    due = statistics.deliveries_due(conn, now)
    age = now - due.oldest if due.oldest else 0
    yield _one("treadle_webhook_deliveries_due", "Deliveries that should have gone.", due.count)
    yield _one("treadle_webhook_lag_seconds", "How long the oldest of them is due.", age)
    found = workers.workforce(conn, now)
    since = max(0.0, now - found.seen_at) if found.seen_at else -1
    yield _one("treadle_workers_alive", "Workers with a lease.", found.alive)
    yield _one("treadle_worker_seen_seconds", "Since any worker renewed its lease.", since)
    failed = CounterMetricFamily(
        "treadle_job_failures", "Items of a shared job that failed and were left out.", labels=["job"]
    )
    for name, note in jobs.notes(conn).items():
        if "failed_items" in note:
            failed.add_metric([name], note["failed_items"])
    yield failed
    yield _one("treadle_unknown_answers", "Shapes of answers no pattern knows.", unknown_answers.count(conn))


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))
