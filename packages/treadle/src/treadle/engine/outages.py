"""Whether a file that Meta did not fetch is one of many: then they wait behind one cause, and no file is to blame."""

from __future__ import annotations

from dataclasses import replace

from treadle.domain.cause import from_pattern
from treadle.domain.fetch_outage import PATTERN, Unfetched, reach_of
from treadle.domain.run_state import Run
from treadle.domain.scope import FETCH_KEY
from treadle.engine.ending import Park
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, blockers, workspaces
from treadle_diagnosis import Evidence
from treadle_diagnosis.catalog.words import BlockerScope

WHY = "Meta isn't fetching any files right now. Treadle tries one post a minute until it does."


def of_fetching(conn: Connection, worker: WorkerContext, run: Run, hosts: frozenset[str], now: float) -> Park | None:
    """How a run ends instead whose file was not fetched, if Meta fetches nobody's; ``hosts``: of its sound files."""
    post = run.post
    standing = blockers.open_for_fetching(conn, post.workspace_id)
    mine = [Unfetched(now, host, run.account.id, post.workspace_id, post.id) for host in sorted(hosts)]
    seen = worker.fetch_outage.failed(mine, now)
    scope: BlockerScope
    if standing is not None:
        scope = "platform" if standing == "platform" else "media_host"
    else:
        reach = reach_of(seen, post.workspace_id, len(workspaces.ids(conn))) if mine else None
        if reach is None:
            return None
        scope = "platform" if reach == "platform" else "media_host"
    found = from_pattern(
        PATTERN, Evidence(stage="container_status", body={"hosts": sorted({one.host for one in seen})})
    )
    return Park(scope, FETCH_KEY, replace(found, scope=scope), WHY)


def witnesses(worker: WorkerContext, run: Run, scope: str, now: float) -> list[str]:
    """The other posts whose files were not fetched, of the workspace or, for an outage of the platform, of all."""
    seen = worker.fetch_outage.failed((), now)
    mine = [one for one in seen if scope == "platform" or one.workspace_id == run.post.workspace_id]
    return sorted({one.post_id for one in mine} - {run.post.id})
