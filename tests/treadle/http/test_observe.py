"""Metrics, logs and traces: they tell what the tables tell, and no secret."""

from __future__ import annotations

import http.server
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace.export import SpanExportResult
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from tests.treadle.http.conftest import Site
from treadle import diagnose
from treadle.engine.lease import Lease
from treadle.observe import metrics as metrics_room
from treadle.observe.logs import Seldom, SeldomAway, configure
from treadle.observe.metrics import Metrics
from treadle.observe.tracing import exporter_from_environment, exporter_to, resource_of, root_span, span_id, trace_id
from treadle.observe.watching import Watch
from treadle.settings import Settings
from treadle.store.blockers import open_blocker
from treadle.store.tables import accounts, parts, post_blockers, posts, webhook_deliveries, webhooks
from treadle.store.timeline import Note, add_note, announce_post

EXPIRED = {"error": {"message": "Expired", "type": "OAuthException", "code": 190, "error_subcode": 463}}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging belongs to the process: put it back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def read(page: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Samples by name and labels."""
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(page)
        for s in family.samples
    }


def create(site: Site, text: str = "x") -> str:
    made = site.client("write").post("/v1/posts", json={"account_id": site.account, "text": text})
    return str(made.json()["id"])


def call_note(answered: bool = True, **more: Any) -> Note:
    diagnosis = None if answered else diagnose(EXPIRED, stage="publish").to_json()
    outcome = "ok" if answered else "refused"
    return Note("publish", "call", "Publish it", 0, duration_s=0.3, outcome=outcome, diagnosis=diagnosis, **more)


def test_the_page_counts_what_happens(any_site: Site) -> None:
    site = any_site
    app = site.app
    page = Metrics(app.db, app.now)
    assert read(page.render().decode())["treadle_posts", (("state", "publishing"),)] == 0
    failed, doubled, plain = create(site), create(site), create(site)
    now = app.now()
    cause = diagnose(EXPIRED, stage="publish").to_json()
    with app.db.begin() as conn:
        add_note(conn, failed, site.workspace, 1, call_note(False), now=now)
        add_note(conn, doubled, site.workspace, 1, call_note(), now=now)
        blocker = open_blocker(
            conn, diagnose(EXPIRED), scope="account", key=site.account, workspace_id=site.workspace, now=now
        )
        conn.execute(sa.insert(post_blockers).values(post_id=failed, blocker_id=blocker))
        values = {"state": "blocked", "cause": cause, "cause_pattern": cause["pattern"], "cause_lane": cause["lane"]}
        conn.execute(sa.update(posts).where(posts.c.id == failed).values(**values))
        announce_post(conn, site.workspace, failed, {"state": "blocked"}, now=now)
        announce_post(conn, site.workspace, plain, {"state": "retrying"}, now=now)
        announce_post(conn, site.workspace, plain, {"state": "waiting"}, now=now)
        conn.execute(
            sa.update(posts).where(posts.c.id == doubled).values(state="published", published_at=posts.c.due_at + 3)
        )
        conn.execute(
            sa.update(parts).where(parts.c.post_id == doubled).values(published_at=now, checks={"found_live": True})
        )
        announce_post(conn, site.workspace, doubled, {"state": "published"}, now=now)
        quota = {"posts_used": 125, "posts_total": 250, "at": now}
        conn.execute(
            sa.update(accounts)
            .where(accounts.c.id == site.account)
            .values(quota=quota, token_expires_at=now + 10 * 86_400)
        )
        hook = {
            "id": "whk_1",
            "workspace_id": site.workspace,
            "url": "https://x.example",
            "types": [],
            "created_at": now,
        }
        conn.execute(sa.insert(webhooks).values(secret_enc=b"x", **hook))
        delivery = {"id": "dlv_1", "webhook_id": "whk_1", "workspace_id": site.workspace, "change_id": 1, "type": "t"}
        conn.execute(sa.insert(webhook_deliveries).values(payload="{}", created_at=now, next_at=now - 60, **delivery))
    Lease(app.db).take()
    found = read(page.render().decode())

    def value(name: str, **labels: str) -> float:
        return found[name, tuple(sorted(labels.items()))]

    lane, pattern = cause["lane"], cause["pattern"]
    assert value("treadle_posts", state="blocked") == 1
    assert value("treadle_posts", state="publishing") == 1
    assert value("treadle_posts_with_cause", lane=lane, pattern=pattern) == 1
    assert value("treadle_causes_total", lane=lane, pattern=pattern, stage="publish") == 1
    assert value("treadle_post_changes_total", state="published") == 1
    assert value("treadle_retries_total") == 1
    assert value("treadle_waits_total") == 1
    assert value("treadle_duplicates_prevented_total", how="found_live") == 1
    assert value("treadle_stage_seconds_count", stage="publish", outcome="ok") == 1
    assert value("treadle_stage_seconds_count", stage="publish", outcome="refused") == 1
    assert value("treadle_publish_delay_seconds_sum") == pytest.approx(3)
    assert value("treadle_queue_depth") == 1
    assert value("treadle_blockers_open", scope="account", lane=lane) == 1
    assert value("treadle_posts_waiting_for_repair", scope="account", lane=lane) == 1
    assert value("treadle_account_token_days_left", account=site.account) == pytest.approx(10, abs=0.1)
    assert value("treadle_account_quota_used_ratio", account=site.account, bucket="posts") == 0.5
    assert value("treadle_webhook_deliveries_due") == 1
    assert value("treadle_webhook_lag_seconds") >= 60
    assert value("treadle_workers_alive") == 1
    # Read again, nothing is counted twice.
    assert read(page.render().decode())["treadle_retries_total", ()] == 1


def test_every_metric_is_written_down(site: Site) -> None:
    names = {
        family.name for family in text_string_to_metric_families(Metrics(site.app.db, site.app.now).render().decode())
    }
    told = metrics_room.__doc__ or ""
    assert names
    assert [name for name in names if name not in told] == []


def test_the_board_shows_metrics_that_exist() -> None:
    board = (Path(__file__).resolve().parents[3] / "deploy" / "grafana.json").read_text(encoding="utf-8")
    shown = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"treadle_[a-z_]+", board)}
    told = set(re.findall(r"^treadle_[a-z_]+", metrics_room.__doc__ or "", re.M))
    assert shown
    assert shown <= told


def test_metrics_over_http_are_for_keys_of_the_first_workspace(site: Site) -> None:
    near = TestClient(site.api, base_url="http://127.0.0.1:8700", client=("127.0.0.1", 5000))
    for client in (site.client(""), near):
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 401
    assert site.client("other").get("/metrics").status_code == 403
    assert site.client("read").get("/metrics").status_code == 200
    site.client("write").post(
        "/v1/posts", json={"account_id": site.account, "text": "x"}, headers={"Idempotency-Key": "a"}
    )
    site.client("write").post(
        "/v1/posts", json={"account_id": site.account, "text": "x"}, headers={"Idempotency-Key": "a"}
    )
    page = site.client("admin").get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    found = read(page.text)
    assert found["treadle_duplicates_prevented_total", (("how", "idempotency_key"),)] == 1
    assert found["treadle_http_requests_total", (("method", "POST"), ("route", "/v1/posts"), ("status", "201"))] == 1


def test_logs_are_json_with_ids_and_without_secrets() -> None:
    out = io.StringIO()
    configure(Settings(log_format="json", log_level="debug"), out)
    token = "THAA" + "x1" * 40
    structlog.get_logger("treadle.test").info(
        "post.call", post_id="pst_1", attempt=2, url=f"https://x.example/a?access_token={token}"
    )
    try:
        raise ValueError(f"access_token={token}")
    except ValueError:
        logging.getLogger("some.library").exception("it broke with %s", token)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (lines[0]["event"], lines[0]["post_id"], lines[0]["attempt"], lines[0]["level"]) == (
        "post.call",
        "pst_1",
        2,
        "info",
    )
    assert lines[1]["level"] == "error"
    assert "ValueError" in lines[1]["exception"]
    assert token not in out.getvalue()


class Collector:
    """A collector for OTLP on a port of its own."""

    def __init__(self) -> None:
        self.got: list[ExportTraceServiceRequest] = []
        got = self.got

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
                got.append(sent)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"

    @property
    def spans(self) -> list[Span]:
        return [s for body in self.got for r in body.resource_spans for scope in r.scope_spans for s in scope.spans]


def test_what_a_library_repeats_is_said_seldom_in_our_shape() -> None:
    stream, library = io.StringIO(), logging.getLogger("dbos")
    configure(Settings(log_format="json"), stream)
    assert library.handlers, "it adds a handler of its own when it finds none"
    for turn in range(100):
        try:
            raise sa.exc.OperationalError("SELECT 1", {}, Exception("connection refused\nIs the server running?"))
        except sa.exc.OperationalError as error:
            library.warning(f"Exception in turn {turn}: {error}", exc_info=True)
    library.warning("Another place")
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["event"], first["logger"]) == ("Exception in turn 0: (builtins.Exception) connection refused", "dbos")
    assert "exception" not in first
    assert second["event"] == "Another place"


def test_a_line_that_was_kept_quiet_is_counted_when_it_is_said_again() -> None:
    now = [0.0]
    seldom = Seldom(every_s=30.0, clock=lambda: now[0])

    def said() -> str | None:
        record = logging.LogRecord("dbos", logging.WARNING, "queue.py", 7, "Away: %s", ("refused",), None)
        return record.getMessage() if seldom.filter(record) else None

    assert [said(), said(), said()] == ["Away: refused", None, None]
    now[0] = 31.0
    assert said() == "Away: refused (2 more like this)"


def test_jobs_that_wait_for_the_database_say_so_seldom() -> None:
    now = [0.0]
    seldom = SeldomAway(every_s=30.0, clock=lambda: now[0])

    def logged(**event: str) -> object:
        try:
            return seldom(None, "warning", {"error": "the disk is full", **event}).get("more_like_this", 0)
        except structlog.DropEvent:
            return None

    job = {"event": "job.waits_for_database", "job": "heartbeat"}
    assert [logged(**job), logged(**job), logged(**job)] == [0, None, None]
    assert logged(event="job.waits_for_database", job="recheck") == 0  # each job for itself
    assert [logged(event="run.waits_for_database"), logged(event="run.waits_for_database")] == [0, 0]  # one a post
    now[0] = 31.0
    assert [logged(**job), logged(**job)] == [2, None]


def test_an_attempt_becomes_a_trace_and_log_lines(site: Site) -> None:
    out, collector = io.StringIO(), Collector()
    configure(Settings(log_format="json", log_level="debug"), out)
    post = create(site, "a text that is nobody's business")
    watch = Watch(site.app.db, "wrk_me", exporter_to(collector.url))
    with site.app.db.read() as conn:
        watch._follower.read(conn)
    now = site.app.now()
    with site.app.db.begin() as conn:
        add_note(conn, post, site.workspace, 1, call_note(False, started_at=now), now=now, worker="wrk_me")
        add_note(conn, post, site.workspace, 1, call_note(started_at=now), now=now, worker="wrk_other")
        conn.execute(sa.update(posts).where(posts.c.id == post).values(state="failed", cause_pattern="x"))
    assert watch.look() == 1
    assert watch.look() == 0
    collector.server.shutdown()
    collector.server.server_close()
    stage, whole = sorted(collector.spans, key=lambda span: not span.parent_span_id)
    assert stage.trace_id == whole.trace_id == trace_id(post, 1).to_bytes(16)
    assert stage.parent_span_id == whole.span_id == span_id(post, 1).to_bytes(8)
    assert stage.status.code == 2
    assert stage.end_time_unix_nano - stage.start_time_unix_nano == pytest.approx(3e8, abs=1e6)
    assert whole.name == "post failed"
    assert "nobody's business" not in str(collector.got)
    [line] = [json.loads(text) for text in out.getvalue().splitlines() if "post.call" in text]
    assert (line["post_id"], line["attempt"], line["stage"], line["outcome"]) == (post, 1, "publish", "refused")
    assert line["level"] == "warning"


def test_a_collector_that_is_away_harms_nothing(site: Site) -> None:
    post = create(site)
    watch = Watch(site.app.db, "wrk_me", exporter_to("http://127.0.0.1:9/v1/traces", timeout_s=1))
    with site.app.db.read() as conn:
        watch._follower.read(conn)
    with site.app.db.begin() as conn:
        add_note(conn, post, site.workspace, 1, call_note(), now=site.app.now(), worker="wrk_me")
    assert watch.look() == 1


def test_traces_go_where_the_variables_say_or_the_log_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert exporter_from_environment() is None
    collector = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.removesuffix("/v1/traces"))
    exporter = exporter_from_environment()
    assert exporter is not None
    span = root_span("pst_x", 1, 1.0, 2.0, "published", None, resource_of("wrk_x"))
    assert exporter.export([span]) is SpanExportResult.SUCCESS
    assert [one.name for one in collector.spans] == ["post published"]
    collector.server.shutdown()
    collector.server.server_close()
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    out = io.StringIO()
    configure(Settings(log_format="json"), out)
    assert exporter_from_environment() is None
    assert "treadle[otlp]" in json.loads(out.getvalue())["next_step"]


def test_health_and_readiness(site: Site) -> None:
    client = site.client("")
    assert client.get("/healthz").json()["status"] == "ok"
    waiting = client.get("/readyz")
    assert (waiting.status_code, waiting.json()["checks"]["database"]) == (503, "ok")
    Lease(site.app.db).take()
    assert client.get("/readyz").status_code == 200
    assert client.get("/problems/too_late").status_code == 200
    assert client.get("/problems/none").status_code == 404
    assert "Idempotency-Key" in client.get("/docs").text
