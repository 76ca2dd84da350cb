"""Opening Treadle: settings, database, secrets and services wired together. Costs no worker and no network."""

from __future__ import annotations

import time

import structlog

from treadle.engine.dbos_queue import DbosRunStore
from treadle.services.context import DEFAULT_WORKSPACE, App
from treadle.services.migrating import back_up_before
from treadle.services.service import Posts
from treadle.settings import Settings
from treadle.store import Database, open_database, workspaces
from treadle.store import migrate as migrations
from treadle.store.copying import DatabaseNotCopied
from treadle.store.release import Releaser
from treadle.store.workspaces import WorkspaceRow
from treadle.vault import open_vault

__all__ = ["DEFAULT_WORKSPACE", "App", "open_app"]

log = structlog.get_logger("treadle.app")


def open_app(settings: Settings | None = None, *, migrate: bool = True, queue_later: bool = False) -> App:
    """Open the installation of these settings; brings the database up to date unless told not to.

    ``queue_later``: start sooner, and load the queue of runs with ``app.enqueue.load()`` before a post is stored."""
    settings = settings or Settings()
    db = open_database(settings)
    try:
        app = _wire(settings, db, migrate)
        if not queue_later:
            app.enqueue.load()
        return app
    except BaseException:
        db.close()  # its threads would keep the process from ending
        raise


def _wire(settings: Settings, db: Database, migrate: bool) -> App:
    if migrate and not migrations.current(db):
        _bring_up_to_date(settings, db)
    enqueue = DbosRunStore(db)
    releaser = Releaser(enqueue, spacing_s=settings.release_spacing * settings.time_scale)
    with db.read() as conn:
        vault = open_vault(settings, conn)
    app = App(
        settings=settings,
        db=db,
        vault=vault,
        enqueue=enqueue,
        releaser=releaser,
        posts=Posts(releaser, max_lateness_s=settings.max_lateness),
    )
    with db.begin() as conn:
        if workspaces.first_id(conn) is None:
            first = WorkspaceRow(DEFAULT_WORKSPACE, "Default", app.now(), paused=False, options={})
            workspaces.insert_once(conn, first)  # a server and its workers start at the same moment
    return app


def _bring_up_to_date(settings: Settings, db: Database) -> None:
    """Migrate, after a backup. Where PostgreSQL's programs are missing it goes on without one: a server that does not
    start after an upgrade is worse, and PostgreSQL migrates in one transaction."""
    try:
        made = back_up_before(settings, db, now=time.time())
    except DatabaseNotCopied as failed:
        log.warning("migration.not_backed_up", error=str(failed))
    else:
        if made is not None:
            log.info("migration.backed_up", backup=str(made))
    migrations.upgrade(db)
