"""Where an answer came from and what was being done. Plain values, because every start of the command reads them."""

from __future__ import annotations

SURFACES = ("threads", "instagram", "facebook")
STAGES = (
    "oauth", "token_refresh", "preflight", "media", "create_container", "container_status", "publish", "verify", "read",
    "unknown",
)  # fmt: skip
# What a failure to reach Meta looked like, told from exception texts.
TRANSPORTS = ("dns", "connect", "tls", "timeout", "reset", "truncated")
