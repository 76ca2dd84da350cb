"""The names this sandbox answers for, beside its own address."""

from __future__ import annotations

API_HOSTS = ("graph.threads.net", "graph.threads.com")
WINDOW_HOSTS = ("www.threads.com", "www.threads.net", "threads.com", "threads.net")
SAMPLES_HOST = "sandbox.test"  # ".test" is reserved: no network has it
META_HOSTS = (*API_HOSTS, *WINDOW_HOSTS)
ANSWERED = (*META_HOSTS, SAMPLES_HOST)


def host_of(authority: str) -> str:
    """The host of ``host:port`` or ``[v6]:port``, in small letters."""
    text = authority.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rsplit(":", 1)[0] if text.count(":") == 1 else text


def is_own(host: str, public: str) -> bool:
    """Whether ``host`` can only mean this machine: loopback, a name without dots, or the address it is known by."""
    return host in ("127.0.0.1", "::1", "", host_of(public)) or ("." not in host and ":" not in host)
