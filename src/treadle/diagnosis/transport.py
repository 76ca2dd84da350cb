"""Telling from an exception's text how a call failed to bring an answer."""

from __future__ import annotations

import re

# Order matters: a name that was not found is reported inside "connection failed", a refused connect inside "timed out".
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.I))
    for kind, pattern in (
        (
            "dns",
            r"getaddrinfo|ENOTFOUND|EAI_AGAIN|EAI_NODATA|NameResolution|name or service not known|nodename nor servname"
            r"|name resolution|failed to resolve|could(?:n't| not) resolve|no such host|gaierror|\bdns\b"
            r"|UnresolvedAddress|UnknownHost",
        ),
        (
            "tls",
            r"\bSSL|CERTIFICATE|\bTLS\b|handshake|unable to (?:get|verify)[\w ]{0,30}certificate|CERT_HAS_EXPIRED|x509",
        ),
        (
            "connect",
            r"ECONNREFUSED|connection refused|NewConnectionError|connect ?timeout|connect(?:ion)? ETIMEDOUT"
            r"|connect timed out|failed to connect|cannot connect|could(?:n't| not) connect|connecterror"
            r"|ConnectException|EHOSTUNREACH"
            r"|ENETUNREACH|no route to host|network is unreachable|UND_ERR_CONNECT|all connection attempts failed"
            r"|failed to establish a new connection|\bERR_INTERNET_DISCONNECTED|connectex|proxyerror"
            r"|dial tcp",
        ),
        (
            "timeout",
            r"time[sd]?[ _-]?out|ETIMEDOUT|ESOCKETTIMEDOUT|deadline exceeded|UND_ERR_(?:HEADERS|BODY)|AbortError"
            r"|operation was aborted|ECONNABORTED|curl:? \(?28|cURL error 28",
        ),
        (
            "truncated",
            r"IncompleteRead|incomplete (?:chunked )?read|ChunkedEncoding|premature (?:close|end)"
            r"|unexpected (?:EOF|end of)|payload ?is not completed|ContentLengthError|ClientPayloadError|truncated"
            r"|ERR_CONTENT_LENGTH|transfer closed with",
        ),
        (
            "reset",
            r"ECONNRESET|socket hang up|connection reset|RemoteDisconnected|connection aborted|server disconnected"
            r"|broken pipe|EPIPE|ServerDisconnected|RemoteProtocolError|EOF occurred|other side closed"
            r"|connection (?:was )?(?:closed|lost|terminated)|empty reply|NoHttpResponse|\bterminated\b"
            r"|recv failure|GOAWAY|ERR_(?:EMPTY_RESPONSE|CONNECTION)|fetch failed|network ?error|\bEOF\b",
        ),
    )
)


def classify(text: str) -> str:
    """``dns``, ``connect``, ``tls``, ``timeout``, ``reset``, ``truncated``, or ``""`` when it is none of these."""
    for kind, pattern in _KINDS:
        if pattern.search(text):
            return kind
    return ""
