"""Traces across a post's stages, made from its timeline, so that a trace tells exactly what the timeline tells.

One trace per attempt of a post, whichever workers ran it: ids are derived from the post's id and the entry's, so that
spans of several workers meet in one trace. Sent as OTLP over HTTP in JSON to ``OTEL_EXPORTER_OTLP_ENDPOINT``;
without that address nothing is made. Spans carry stage, part, outcome, pattern and decision, and neither
text nor answers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from treadle import __version__
from treadle.store.timeline import TimelineEntry
from treadle_threads.media.guard import Trust
from treadle_threads.net import plain

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"


def trace_id(post_id: str, attempt: int) -> int:
    """128 bits: the same in every process."""
    return int.from_bytes(hashlib.sha256(f"{post_id}.{attempt}".encode()).digest()[:16])


def span_id(post_id: str, attempt: int, entry_id: int | None = None) -> int:
    """64 bits; without an entry: the span of the attempt as a whole."""
    return int.from_bytes(hashlib.sha256(f"{post_id}.{attempt}.{entry_id or 'root'}".encode()).digest()[:8])


def resource_of(worker: str) -> Resource:
    return Resource({"service.name": "treadle", "service.version": __version__, "service.instance.id": worker})


def span_of(entry: TimelineEntry, resource: Resource) -> ReadableSpan:
    """The span of one entry, below the span of its attempt."""
    failed = entry.outcome in ("refused", "lost", "not_sent", "interrupted")
    attributes: dict[str, Any] = {
        "treadle.post_id": entry.post_id,
        "treadle.attempt": entry.attempt,
        "treadle.stage": entry.stage,
        "treadle.kind": entry.kind,
        "treadle.outcome": entry.outcome,
        "treadle.part": entry.part,
        "treadle.pattern": entry.pattern,
        "treadle.lane": entry.lane,
        "treadle.decision": entry.decision,
    }
    return _span(
        f"{entry.stage}: {entry.what}" if entry.kind == "call" else f"{entry.stage}: {entry.kind}",
        entry.post_id,
        entry.attempt,
        entry.id,
        entry.started_at,
        entry.started_at + (entry.duration_s or 0.0),
        attributes,
        Status(StatusCode.ERROR, entry.pattern or entry.outcome) if failed else Status(StatusCode.UNSET),
        resource,
        SpanKind.CLIENT if entry.kind == "call" else SpanKind.INTERNAL,
    )


def root_span(
    post_id: str, attempt: int, began: float, ended: float, state: str, pattern: str | None, resource: Resource
) -> ReadableSpan:
    """The span of a whole attempt, from when the post was due to be worked on until it came to rest."""
    attributes = {
        "treadle.post_id": post_id,
        "treadle.attempt": attempt,
        "treadle.state": state,
        "treadle.pattern": pattern,
    }
    status = Status(StatusCode.ERROR, pattern) if state in ("failed", "blocked") else Status(StatusCode.OK)
    return _span(f"post {state}", post_id, attempt, None, began, max(began, ended), attributes, status, resource)


def _span(
    name: str,
    post_id: str,
    attempt: int,
    entry_id: int | None,
    began: float,
    ended: float,
    attributes: dict[str, Any],
    status: Status,
    resource: Resource,
    kind: SpanKind = SpanKind.INTERNAL,
) -> ReadableSpan:
    trace = trace_id(post_id, attempt)
    flags = TraceFlags(TraceFlags.SAMPLED)
    parent = None if entry_id is None else SpanContext(trace, span_id(post_id, attempt), False, flags)
    return ReadableSpan(
        name=name,
        context=SpanContext(trace, span_id(post_id, attempt, entry_id), False, flags),
        parent=parent,
        resource=resource,
        attributes={k: v for k, v in attributes.items() if v is not None},
        kind=kind,
        status=status,
        start_time=int(began * 1e9),
        end_time=int(ended * 1e9),
    )


class OtlpJson(SpanExporter):
    """OTLP over HTTP in JSON. A collector that is away costs the spans of that moment and nothing else."""

    def __init__(self, url: str, headers: dict[str, str] | None = None, timeout_s: float = 5.0) -> None:
        self._url, self._headers, self._timeout = url, headers or {}, timeout_s

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        body = json.dumps(otlp_json(spans)).encode()
        headers = {"Content-Type": "application/json", **self._headers}
        try:
            status, _ = plain.request(
                "POST", self._url, trust=Trust.OPERATOR, body=body, headers=headers, timeout_s=self._timeout
            )
        except (OSError, ValueError):
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS if 200 <= status < 300 else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Nothing is kept."""


def otlp_json(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """Spans of one resource as OTLP's JSON."""
    resource = spans[0].resource.attributes if spans else {}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [_attribute(k, v) for k, v in resource.items()]},
                "scopeSpans": [
                    {"scope": {"name": "treadle", "version": __version__}, "spans": [_json(s) for s in spans]}
                ],
            }
        ]
    }


_KINDS = {SpanKind.INTERNAL: 1, SpanKind.SERVER: 2, SpanKind.CLIENT: 3}


def _json(span: ReadableSpan) -> dict[str, Any]:
    made: dict[str, Any] = {
        "traceId": f"{span.context.trace_id:032x}",
        "spanId": f"{span.context.span_id:016x}",
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": [_attribute(k, v) for k, v in (span.attributes or {}).items()],
        "status": {"code": span.status.status_code.value, "message": span.status.description or ""},
    }
    if span.parent is not None:
        made["parentSpanId"] = f"{span.parent.span_id:016x}"
    return made


def _attribute(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"stringValue": str(value)}}


def exporter_from_environment() -> SpanExporter | None:
    """The exporter that OpenTelemetry's own variables ask for; ``None`` when they ask for none."""
    url = os.environ.get(TRACES_ENDPOINT, "")
    if not url:
        base = os.environ.get(ENDPOINT, "").rstrip("/")
        url = f"{base}/v1/traces" if base else ""
    if not url:
        return None
    pairs = (pair.partition("=") for pair in os.environ.get(HEADERS, "").split(",") if "=" in pair)
    return OtlpJson(url, {name.strip(): value.strip() for name, _, value in pairs})
