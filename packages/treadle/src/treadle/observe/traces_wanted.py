"""Where traces are wanted, without importing OpenTelemetry: most servers make none."""

from __future__ import annotations

import os

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


def traces_url() -> str:
    """The address that OpenTelemetry's own variables ask to send traces to; empty when they ask for none."""
    if url := os.environ.get(TRACES_ENDPOINT, ""):
        return url
    base = os.environ.get(ENDPOINT, "").rstrip("/")
    return f"{base}/v1/traces" if base else ""
