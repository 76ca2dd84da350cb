"""Ways in which Threads is slow, for :attr:`Profile.instead`, and posts whose media were looked at already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tests.support.simulated import Simulation
from tests.support.threads_stand_in import NOT_FOUND, UNKNOWN_ID, Endpoint, Profile
from treadle.store.tables import parts
from treadle_threads.results import Answer

Instead = Callable[[Endpoint, str, Mapping[str, str]], Answer | None]


def post_with_media(sim: Simulation, account: str, kinds: Sequence[str], *, mib: float = 1.0, **body: Any) -> str:
    """A post whose media are known to be right: what is played begins with its containers."""
    media = [{"url": f"https://files.example/{n}.{'mp4' if k == 'VIDEO' else 'jpg'}"} for n, k in enumerate(kinds)]
    post_id = sim.post(account, media=media, **body)
    looked = [{"kind": k, "url": m["url"], "size": int(mib * 2**20)} for k, m in zip(kinds, media, strict=True)]
    kind = "CAROUSEL" if len(kinds) > 1 else kinds[0]
    with sim.db.begin() as conn:
        first = (parts.c.post_id == post_id, parts.c.position == 0)
        conn.execute(sa.update(parts).where(*first).values(media_urls=looked, kind=kind))
    return post_id


def processing(sim: Simulation, profile: Profile, seconds: Callable[[Mapping[str, str]], float]) -> Instead:
    """Containers that are ready so long after they were made; a publish before that is refused."""

    def instead(endpoint: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        container = sim.threads.containers.get(what)
        if container is None or sim.clock() - container.made_at >= seconds(container.params):
            return None
        if endpoint == "status":
            return Answer(200, {}, {"id": what, "status": "IN_PROGRESS"})
        return NOT_FOUND if endpoint == "publish" else None

    profile.instead = instead
    return instead


def replies_lag(sim: Simulation, profile: Profile, seconds: float, *, read_s: float = 0.0, gone: bool = False) -> None:
    """Posts that take no reply for so long after their publish, and cannot be read for ``read_s``; ``gone``: ever."""

    def age(media_id: str) -> float | None:
        found = [c for c in sim.threads.containers.values() if c.media_id == media_id and media_id]
        return sim.clock() - (found[0].published_at or 0.0) if found else None

    def instead(endpoint: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        parent = age(str(params.get("reply_to_id") or "")) if endpoint == "create" else None
        if parent is not None and (gone or parent < seconds):
            return NOT_FOUND
        read = age(what) if endpoint == "read" else None
        return UNKNOWN_ID if read is not None and (gone or read < read_s) else None

    profile.instead = instead
