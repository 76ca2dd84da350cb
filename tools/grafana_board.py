"""Write deploy/grafana.json, the Grafana board for Treadle's metrics. Run it after changing a panel here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "deploy" / "grafana.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}

# (row, [(title, kind, unit, width, what it tells, [(query, legend)])]); widths add up to 24 a line
ROWS: list[tuple[str, list[tuple[str, str, str, int, str, list[tuple[str, str]]]]]] = [
    (
        "What needs somebody",
        [
            ("Waiting for a repair", "stat", "short", 4, "Posts behind open blockers.",
             [("sum(treadle_posts_waiting_for_repair)", "posts")]),
            ("Open causes", "stat", "short", 4, "Open blockers of every scope.",
             [("sum(treadle_blockers_open)", "causes")]),
            ("Oldest unknown outcome", "stat", "s", 4, "Over an hour: somebody should look at the profile on Threads.",
             [("max(treadle_checking_oldest_seconds)", "age")]),
            ("Token with the fewest days", "stat", "d", 4, "Below ten: refreshing has failed for long.",
             [("min(treadle_account_token_days_left)", "days")]),
            ("Workers", "stat", "short", 4, "Workers with a lease.", [("max(treadle_workers_alive)", "workers")]),
            ("Not catalogued", "stat", "short", 4, "Shapes of answers that no pattern knows.",
             [("max(treadle_unknown_answers)", "shapes")]),
        ],
    ),
    (
        "Posts",
        [
            ("Posts by state, not final", "timeseries", "short", 12, "What is under way, waiting or stuck.",
             [('sum by (state) (treadle_posts{state!~"published|failed|canceled"})', "{{state}}")]),
            ("Going out and failing", "timeseries", "cpm", 12, "Posts a minute that came into a final state.",
             [('sum by (state) (rate(treadle_post_changes_total{state=~"published|failed|blocked|held"}[5m])) * 60',
               "{{state}}")]),
            ("Late by", "timeseries", "s", 12, "Published after the time asked for.",
             [(f"histogram_quantile({q}, sum by (le) (rate(treadle_publish_delay_seconds_bucket[15m])))", f"{q:.0%}")
              for q in (0.5, 0.95, 0.99)]),
            ("Retries, waits, doubles prevented", "timeseries", "cpm", 12, "A minute.",
             [("rate(treadle_retries_total[5m]) * 60", "retries"), ("rate(treadle_waits_total[5m]) * 60", "waits"),
              ("sum by (how) (rate(treadle_duplicates_prevented_total[5m])) * 60", "prevented: {{how}}")]),
        ],
    ),
    (
        "Causes",
        [
            ("Failures by lane", "timeseries", "cpm", 12, "Diagnosed failures a minute, why.",
             [("sum by (lane) (rate(treadle_causes_total[5m])) * 60", "{{lane}}")]),
            ("Failures by pattern, last day", "bargauge", "short", 12, "The ten most frequent.",
             [("topk(10, sum by (pattern) (increase(treadle_causes_total[1d])))", "{{pattern}}")]),
            ("Posts that carry a cause now", "timeseries", "short", 12, "By lane.",
             [("sum by (lane) (treadle_posts_with_cause)", "{{lane}}")]),
            ("Open blockers", "timeseries", "short", 12, "By scope and lane.",
             [("sum by (scope, lane) (treadle_blockers_open)", "{{scope}} {{lane}}")]),
        ],
    ),
    (
        "Stages and Threads",
        [
            ("Stage durations, median", "timeseries", "s", 12, "Calls and work of each stage.",
             [("histogram_quantile(0.5, sum by (le, stage) (rate(treadle_stage_seconds_bucket[15m])))", "{{stage}}")]),
            ("Stage durations, 95 %", "timeseries", "s", 12, "Calls and work of each stage.",
             [("histogram_quantile(0.95, sum by (le, stage) (rate(treadle_stage_seconds_bucket[15m])))", "{{stage}}")]),
            ("Quota used", "timeseries", "percentunit", 8, "The fullest ten accounts, as last read from Threads.",
             [("topk(10, treadle_account_quota_used_ratio)", "{{account}} {{bucket}}")]),
            ("Accounts by health", "timeseries", "short", 8, "Anything but active wants a look.",
             [("sum by (health) (treadle_accounts)", "{{health}}")]),
            ("Days left of tokens", "timeseries", "d", 8, "The ten with the fewest.",
             [("bottomk(10, treadle_account_token_days_left)", "{{account}}")]),
        ],
    ),
    (
        "The machine",
        [
            ("Due now", "timeseries", "short", 8, "Posts whose next step is due.",
             [("max(treadle_queue_depth)", "due"), ("max(treadle_scheduled)", "scheduled ahead")]),
            ("Oldest due", "timeseries", "s", 8, "Growing: no worker, or the database is slow.",
             [("max(treadle_queue_oldest_seconds)", "oldest due"),
              ("max(treadle_worker_seen_seconds)", "since a worker was seen")]),
            ("Webhooks to deliver", "timeseries", "short", 8, "Deliveries due, and how late the oldest is.",
             [("max(treadle_webhook_deliveries_due)", "due"), ("max(treadle_webhook_lag_seconds)", "oldest, s")]),
            ("Requests", "timeseries", "reqps", 12, "This server's own API, by status.",
             [("sum by (status) (rate(treadle_http_requests_total[5m]))", "{{status}}")]),
            ("Time to answer, 95 %", "timeseries", "s", 12, "The ten slowest routes.",
             [("topk(10, histogram_quantile(0.95, sum by (le, route) (rate(treadle_http_request_seconds_bucket[5m]))))",
               "{{route}}")]),
        ],
    ),
]  # fmt: skip


def panel(number: int, title: str, kind: str, unit: str, text: str, queries: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "type": kind,
        "description": text,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + index), "datasource": SOURCE, "expr": query, "legendFormat": legend}
            for index, (query, legend) in enumerate(queries)
        ],
    }


def board() -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    top = 0
    for row, entries in ROWS:
        place = {"h": 1, "w": 24, "x": 0, "y": top}
        panels.append({"id": len(panels) + 1, "title": row, "type": "row", "collapsed": False, "gridPos": place})
        top, left = top + 1, 0
        for title, kind, unit, width, text, queries in entries:
            height = 4 if kind == "stat" else 8
            if left + width > 24:
                left, top = 0, top + height
            made = panel(len(panels) + 1, title, kind, unit, text, queries)
            panels.append({**made, "gridPos": {"h": height, "w": width, "x": left, "y": top}})
            left += width
        top += height
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0}
    return {
        "title": "Treadle",
        "uid": "treadle",
        "tags": ["treadle", "threads"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": panels,
    }


def text() -> str:
    return json.dumps(board(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
