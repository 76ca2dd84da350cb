"""Traces across a post's stages, made from its timeline, so that a trace tells exactly what the timeline tells.

One trace per attempt of a post, whichever workers ran it: ids are derived from the post's id and the entry's, so that
spans of several workers meet in one trace. Sent as OTLP over HTTP to ``OTEL_EXPORTER_OTLP_ENDPOINT`` by OpenTelemetry's
exporter, which the extra ``treadle[otlp]`` brings; without that address nothing is made. Spans carry stage, part,
outcome, pattern and decision, and neither text nor answers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

import structlog
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from treadle import __version__
from treadle.observe.traces_wanted import traces_url
from treadle.store.timeline import TimelineEntry

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
EXPORT_S = 5.0
log = structlog.get_logger("treadle.observe")


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


def exporter_to(url: str, headers: Mapping[str, str] | None = None, *, timeout_s: float = EXPORT_S) -> SpanExporter:
    """OTLP over HTTP to a collector. One that is away costs the spans of that moment and nothing else.

    Raises ``ImportError`` without the extra ``treadle[otlp]``.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    from treadle.observe.tracing_session import guarded_session

    return OTLPSpanExporter(url, headers=dict(headers or {}), timeout=timeout_s, session=guarded_session())


def exporter_from_environment() -> SpanExporter | None:
    """The exporter that OpenTelemetry's own variables ask for; ``None`` when they ask for none, or it is missing."""
    url = traces_url()
    if not url:
        return None
    pairs = (pair.partition("=") for pair in os.environ.get(HEADERS, "").split(",") if "=" in pair)
    try:
        return exporter_to(url, {name.strip(): value.strip() for name, _, value in pairs})
    except ImportError:
        log.error("traces.exporter_missing", next_step="pip install 'treadle[otlp]', or unset the variable", to=url)
        return None
