"""Telling from an exception's text how a call failed to bring an answer."""

from __future__ import annotations

# Order matters: a name that was not found is reported inside "connection failed", a refused connect inside "timed out".
# Plain phrases in lower case, not expressions: they stay quick on a megabyte of log.
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "dns",
        (
            "getaddrinfo", "enotfound", "eai_again", "eai_nodata", "nameresolution", "name or service not known",
            "nodename nor servname", "name resolution", "failed to resolve", "could not resolve", "couldn't resolve",
            "no such host", "gaierror", "dns lookup", "dns error", "dnserror", "unresolvedaddress", "unknownhost",
        ),
    ),
    (
        "tls",
        (
            "sslerror", "ssl:", "ssl_", "ssl handshake", "sslcert", "sslzero", "sslv3", "certificate", "tls handshake",
            "tlsv1", "tls:", "cert_has_expired", "x509", "sslhandshake",
        ),
    ),
    (
        "connect",
        (
            "econnrefused", "connection refused", "newconnectionerror", "connecttimeout", "connect timeout",
            "connect etimedout", "connection etimedout", "connect timed out", "failed to connect", "cannot connect",
            "could not connect", "couldn't connect", "connecterror", "connectexception", "ehostunreach", "enetunreach",
            "no route to host", "network is unreachable", "und_err_connect", "all connection attempts failed",
            "failed to establish a new connection", "connection timed out after", "connectiontimeouterror",
            "connection timeout to host", "err_internet_disconnected", "connectex", "proxyerror", "dial tcp",
        ),
    ),
    (
        "timeout",
        (
            "timed out", "timeout", "time out", "time-out", "timedout", "deadline exceeded", "und_err_headers",
            "und_err_body", "aborterror", "operation was aborted", "econnaborted", "curl error 28", "curl: (28)",
            "times out", "cancellederror", "operation was canceled", "request aborted",
        ),
    ),
    (
        "truncated",
        (
            "incompleteread", "incomplete read", "incomplete chunked read", "chunkedencoding", "premature close",
            "premature end", "unexpected eof", "unexpected end of", "payload is not completed", "contentlengtherror",
            "clientpayloaderror", "err_content_length", "transfer closed with",
        ),
    ),
    (
        "reset",
        (
            "econnreset", "socket hang up", "connection reset", "remotedisconnected", "connection aborted",
            "server disconnected", "broken pipe", "epipe", "serverdisconnected", "remoteprotocolerror", "eof occurred",
            "other side closed", "connection closed", "connection was closed", "connection lost", "connection was lost",
            "connection terminated", "closed connection without", "empty reply", "nohttpresponse", "recv failure",
            "goaway", "err_empty_response", "err_connection", "err_network", "fetch failed", "network error",
            "networkerror", "typeerror: terminated", ": eof",
        ),
    ),
)  # fmt: skip


def classify(text: str) -> str:
    """``dns``, ``connect``, ``tls``, ``timeout``, ``reset``, ``truncated``, or ``""`` when it is none of these."""
    lower = text.lower()
    for kind, phrases in _KINDS:
        if any(phrase in lower for phrase in phrases):
            return kind
    return ""
