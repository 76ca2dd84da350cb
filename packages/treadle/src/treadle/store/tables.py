"""Every table Treadle keeps, in one place.

Times are epoch seconds (float, UTC); JSON columns hold plain values; ids are prefixed strings (see ``treadle.ids``).
Columns ending in ``_enc`` hold ciphertext of the vault and never clear text; ``*_hash`` columns hold digests.
DBOS keeps its own tables in the same database, so that a post and its run are stored in one transaction.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(40)
MetaId = String(128)  # as Meta gives it: digits today, and nothing promises their number
Serial = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts only INTEGER primary keys by itself
Time = Float(53)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("paused", Boolean, nullable=False, default=False),
    Column(
        "options", JSON, nullable=False, default=dict
    ),  # max_lateness, copy_media, quiet hours, return addresses, ...
)

# ---------------------------------------------------------------- accounts and who may do what

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("threads_user_id", MetaId, nullable=False),
    Column("username", Text, nullable=False, default=""),
    Column("name", Text, nullable=False, default=""),
    Column("picture_url", Text),
    Column("profile", JSON, nullable=False, default=dict),
    Column("app_id", String(64), nullable=False, default=""),  # the Meta app it was connected through
    Column("token_enc", LargeBinary),
    Column("token_previous_enc", LargeBinary),
    Column("token_issued_at", Time),
    Column("token_expires_at", Time),
    Column("token_expiry_assumed", Boolean, nullable=False, default=False, server_default=false()),
    Column("grant_expires_at", Time),  # permission grants of Threads end after 90 days
    Column("scopes", JSON, nullable=False, default=list),
    Column("scopes_confirmed", Boolean, nullable=False, default=True, server_default=true()),  # or only asked for
    # active, expiring, reconnect, checkpoint, restricted, limited, linked_account, app
    Column("health", String(24), nullable=False, default="active"),
    Column("health_cause", JSON),  # the diagnosis that decided it
    Column("health_at", Time),
    Column("checked_at", Time),  # last call that told something of the health
    Column("refresh_next_at", Time),
    Column("refresh_attempts", Integer, nullable=False, default=0),
    Column("refresh_lease_until", Time),
    Column("refresh_lease_token", String(64)),
    Column("paused", Boolean, nullable=False, default=False),
    Column("quota", JSON, nullable=False, default=dict),  # threads_publishing_limit as last read, and when
    Column("quota_until", Time),  # no publish before this: the quota or a rate limit was met
    Column("learned", JSON, nullable=False, default=dict),  # how long containers took here, by kind
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("disconnected_at", Time),
    UniqueConstraint("workspace_id", "threads_user_id"),
    Index("ix_accounts_refresh", "refresh_next_at"),
    Index("ix_accounts_user", "threads_user_id"),
)

connect_links = Table(
    "connect_links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("account_id", Id),  # set when an existing account is to be reconnected
    Column("state_hash", String(64), nullable=False, unique=True),
    Column("return_url", Text),
    Column("scopes", JSON, nullable=False, default=list),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("opened_at", Time),
    Column("used_at", Time),
    Column("outcome", JSON),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("name", Text, nullable=False, default=""),
    Column("prefix", String(16), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),  # read, write, admin
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Column("last_used_at", Time),
    Column("revoked_at", Time),
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("zone", String(64), nullable=False, default="UTC"),
    Column("created_at", Time, nullable=False),
    Column("disabled_at", Time),
)

members = Table(
    "members",
    metadata,
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), primary_key=True),
    Column("role", String(12), nullable=False),  # owner, admin, editor, author, viewer
    Column("created_at", Time, nullable=False),
    Index("ix_members_workspace", "workspace_id"),
)

# Links that let somebody in once: an invitation to a workspace, or a new password for a person.
login_links = Table(
    "login_links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(8), nullable=False),  # invite, reset
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("role", String(12)),  # of an invitation
    Column("user_id", Id),  # whose password is reset
    Column("created_by", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("used_at", Time),
    Column("revoked_at", Time),
    Index("ix_login_links_workspace", "workspace_id", "created_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("workspace_id", Id),  # the one looked at now; null: the person's first
    Column("created_at", Time, nullable=False),
    Column("seen_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("key", String(128), nullable=False),
    Column("at", Time, nullable=False),
    Index("ix_login_attempts_key_at", "key", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("workspace_id", Id),
    Column("actor", Text, nullable=False),  # key_..., usr_..., cli, treadle, meta
    Column("action", String(64), nullable=False),
    Column("subject", String(64)),
    Column("detail", JSON, nullable=False, default=dict),
    Column("at", Time, nullable=False),
    Index("ix_audit_workspace_at", "workspace_id", "at"),
)

# ---------------------------------------------------------------- posts

# When an account publishes what is added to its queue: slots of a week, in a zone of its own.
queues = Table(
    "account_queues",  # DBOS has a table "queues"
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("slots", JSON, nullable=False),  # [[weekday from 0, minute of the day], ...]
    Column("updated_at", Time, nullable=False),
)

# What was done lately and can be undone; deleted when it is, or after some minutes.
undos = Table(
    "undos",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("kind", String(12), nullable=False),  # cancel, delete, move
    Column("steps", JSON, nullable=False),
    Column("created_at", Time, nullable=False),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    # draft scheduled publishing waiting retrying checking blocked held published failed canceled
    Column("state", String(12), nullable=False),
    Column("stage", String(20), nullable=False, default="preflight"),
    Column("publish_at", Time),  # when the person wants it out; null: as soon as possible
    Column("publish_at_text", Text),  # as it was asked for, zone included
    Column("due_at", Time, nullable=False),  # publish_at, or when it was accepted
    Column("max_lateness", Time, nullable=False),
    Column("options", JSON, nullable=False, default=dict),
    Column("metadata", JSON, nullable=False, default=dict),
    Column("labels", JSON, nullable=False, default=list),
    Column("cause", JSON),  # the diagnosis that decided the state, or null
    Column("cause_pattern", String(64)),
    Column("cause_lane", String(32)),
    Column("next_what", Text),  # what happens next, in words
    Column("next_at", Time),
    Column("why", Text),  # why it is in this state, when no diagnosis says so
    # The run: one small DBOS workflow. `seq` names the run that may work on the post, `claim` the worker that
    # does: whoever changes the post raises `claim`, so that an older hand can write nothing any more.
    Column("seq", Integer, nullable=False, default=0),
    Column("claim", Integer, nullable=False, default=0),
    Column("claimed_by", String(64)),
    Column("claimed_at", Time),
    Column("attempt", Integer, nullable=False, default=1),
    Column("confirmed_at", Time),  # a person said yes to sending it late
    Column("approval", String(12)),  # null, pending, approved
    Column("import_id", Id),  # the import that it came by
    Column("import_key", String(64)),  # the digest of its row
    Column("created_by", Text),  # who wrote it: an email address, key_..., cli; null: before it was noted
    Column("version", Integer, nullable=False, default=1),  # raised by every edit; the ETag
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("published_at", Time),
    Column("pruned_at", Time),
    Index("ix_posts_list", "workspace_id", "created_at", "id"),
    Index("ix_posts_state", "workspace_id", "state", "due_at"),
    Index("ix_posts_account_state", "account_id", "state", "due_at"),
    Index("ix_posts_cause", "workspace_id", "cause_pattern"),
    Index("ix_posts_updated", "state", "updated_at"),
    Index("ix_posts_import", "import_id"),
    Index("ix_posts_import_key", "workspace_id", "import_key"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("held", Boolean, nullable=False),  # its posts are scheduled elsewhere too
    Column("created_by", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("confirmed_at", Time),  # somebody said that they are paused there
    Index("ix_imports_workspace", "workspace_id", "created_at"),
)

parts = Table(
    "parts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("post_id", Id, ForeignKey("posts.id", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("threads_user_id", MetaId, nullable=False),
    Column("position", Integer, nullable=False),
    # pending preparing creating waiting ready publishing checking published failed canceled
    Column("state", String(12), nullable=False, default="pending"),
    Column("kind", String(12), nullable=False),  # TEXT IMAGE VIDEO CAROUSEL
    Column("is_reply", Boolean, nullable=False, default=False),  # counts against the reply quota
    Column("body", JSON, nullable=False),  # text, media [{url|id, alt_text}], options
    Column("media_urls", JSON),  # domain.part_files.PreparedFile, in order; null until prepared
    Column("children", JSON, nullable=False, default=list),  # of a carousel: domain.part_files.ChildContainer
    Column("container_id", MetaId),
    Column("container_made_at", Time),
    Column("container_status", String(16)),
    Column("polls", Integer, nullable=False, default=0),
    # The fence: none -> sent by compare-and-set before threads_publish; back to none only by a clear refusal or proof
    # of absence.
    Column("intent", String(8), nullable=False, default="none"),
    Column("intent_first_at", Time),
    Column("intent_at", Time),
    Column("intent_worker", String(64)),
    Column("sends", Integer, nullable=False, default=0),
    Column("unclear", Boolean, nullable=False, default=False),
    Column("unclear_cause", JSON),
    Column("seen_before", JSON),  # ids in the account's list before the first send; null: could not be read
    Column("checks", JSON, nullable=False, default=dict),  # what looking for an unclear publish found so far
    Column("tries", JSON, nullable=False, default=dict),  # pattern -> how often it was met
    Column("threads_id", MetaId),
    Column("permalink", Text),
    Column("published_at", Time),
    Column("cause", JSON),
    UniqueConstraint("post_id", "position"),
    UniqueConstraint("threads_user_id", "threads_id"),  # a media id can be claimed by one part only
    Index("ix_parts_account_published", "account_id", "published_at"),
    Index("ix_parts_unclear", "threads_user_id", "unclear"),
)

events = Table(
    "events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("post_id", Id, ForeignKey("posts.id", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("part", Integer),  # position, null when it is about the whole post
    Column("attempt", Integer, nullable=False, default=1),
    Column("stage", String(20), nullable=False),
    Column("kind", String(32), nullable=False),  # call, wait, decision, edit, ...
    Column("what", Text, nullable=False, default=""),  # one sentence for people
    Column("started_at", Time, nullable=False),
    Column("duration_s", Time),  # null while under way, or when nobody knows
    Column("outcome", String(16)),  # null while under way; ok refused not_sent lost interrupted
    Column("request", JSON),
    Column("answer", JSON),  # status, headers, body as they came; secrets removed, size-capped
    Column("diagnosis", JSON),
    Column("decision", Text),
    Column("worker", String(64)),
    Index("ix_events_post", "post_id", "id"),
)

comments = Table(
    "comments",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("post_id", Id, ForeignKey("posts.id", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("author", Text, nullable=False),  # as in posts.created_by
    Column("text", Text, nullable=False),
    Column("at", Time, nullable=False),
    Index("ix_comments_post", "post_id", "id"),
)

# What Threads counted of a published part, as last read on each day (UTC).
insights = Table(
    "insights",
    metadata,
    Column("part_id", Id, ForeignKey("parts.id", ondelete="CASCADE"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("workspace_id", Id, nullable=False),
    Column("views", BigInteger),
    Column("likes", BigInteger),
    Column("replies", BigInteger),
    Column("reposts", BigInteger),
    Column("quotes", BigInteger),
    Column("shares", BigInteger),
    Column("at", Time, nullable=False),
)

insight_reads = Table(
    "insight_reads",
    metadata,
    Column("part_id", Id, ForeignKey("parts.id", ondelete="CASCADE"), primary_key=True),
    Column("workspace_id", Id, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("next_at", Time),  # null: it is not read again
    Column("read_at", Time),
    Column("misses", Integer, nullable=False, default=0),  # answers in a row that there is no such post
    Index("ix_insight_reads_due", "next_at"),
    Index("ix_insight_reads_account", "account_id", "next_at"),
)

# Accounts whose insights are not read for a while; nothing else of the account waits for that.
insight_accounts = Table(
    "insight_accounts",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("next_at", Time, nullable=False),
    Column("stopped_at", Time, nullable=False),  # a token issued later ends it
    Column("cause", JSON),  # the diagnosis, if somebody has to act
)

blockers = Table(
    "blockers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id),  # null: app and platform, which all workspaces read
    Column("scope", String(12), nullable=False),  # post account app media_host platform
    Column("key", Text, nullable=False),  # post id, account id, app id, host, "threads"
    Column("pattern", String(64), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("action", String(24), nullable=False),
    Column("cause", JSON, nullable=False),  # the diagnosis
    Column("opened_at", Time, nullable=False),
    Column("repaired_at", Time),
    Column("repaired_by", String(32)),
    Column("open_key", Text, unique=True),  # scope|workspace|key|pattern while open, null afterwards
    Column("checks", Integer, nullable=False, default=0),
    Column("checked_at", Time),
    Column("next_check_at", Time),
    Column("probe_post_id", Id),
    Index("ix_blockers_open", "repaired_at", "scope", "key"),
    Index("ix_blockers_next_check", "next_check_at"),
)

post_blockers = Table(
    "post_blockers",
    metadata,
    Column("post_id", Id, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("blocker_id", Id, ForeignKey("blockers.id"), primary_key=True),
    Index("ix_post_blockers_blocker", "blocker_id"),
)

# What was met once by one account and is the app's only when a second account meets it too.
suspicions = Table(
    "suspicions",
    metadata,
    Column("scope", String(12), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("pattern", String(64), primary_key=True),
    Column("witness", String(64), primary_key=True),
    Column("at", Time, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("post_ids", JSON, nullable=False),
    Column("created_at", Time, nullable=False),
    Index("ix_idempotency_created_at", "created_at"),
)

kept_answers = Table(
    "kept_answers",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the API key, the address and the Idempotency-Key
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("status", Integer),  # null while the request is under way
    Column("headers", JSON, nullable=False),
    Column("body_enc", LargeBinary),  # an answer may hold a secret
    Column("created_at", Time, nullable=False),
    Index("ix_kept_answers_created_at", "created_at"),
)

media = Table(
    "media",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, nullable=False),
    Column("source_url", Text),  # set when it was copied from an address
    Column("stored", JSON, nullable=False),  # what treadle.media needs to find it again
    Column("filename", Text, nullable=False, default=""),
    Column("content_type", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64)),
    Column("report", JSON),  # facts and findings
    Column("prepared", JSON),  # the repaired version, if any: stored, report
    Column("job", JSON),  # a repair under way: percent, speed, time left, state
    Column("used_by", Id),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Index("ix_media_workspace", "workspace_id", "created_at"),
    Index("ix_media_expires", "expires_at"),
)

# ---------------------------------------------------------------- the installation itself

workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),  # DBOS executor id, unique per process
    Column("token", String(64), nullable=False),  # the lease's fencing token
    Column("host", Text, nullable=False, default=""),
    Column("pid", Integer, nullable=False, default=0),
    Column("started_at", Time, nullable=False),
    Column("seen_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("state", String(8), nullable=False, default="alive"),  # alive, stopped, dead, gone
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("next_at", Time, nullable=False),
    Column("ran_at", Time),
    Column("ran_by", String(64)),
    Column("note", JSON),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("workspace_id", Id),  # null: for every workspace
    Column("type", String(40), nullable=False),  # post.published, account.expiring, blocker.opened, ...
    Column("subject", String(64), nullable=False),
    Column("payload", JSON, nullable=False, default=dict),
    Column("at", Time, nullable=False),
    Index("ix_changes_workspace", "workspace_id", "id"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("types", JSON, nullable=False, default=list),  # empty: all
    Column("secret_enc", LargeBinary, nullable=False),
    Column("secret_previous_enc", LargeBinary),
    Column("state", String(12), nullable=False, default="active"),  # active, paused, failing
    Column("failing_since", Time),
    Column("cursor", BigInteger, nullable=False, default=0),  # last change turned into a delivery
    Column("created_at", Time, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("webhook_id", Id, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("change_id", BigInteger, nullable=False),
    Column("type", String(40), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(12), nullable=False, default="due"),  # due, delivered, given_up
    Column("attempts", Integer, nullable=False, default=0),
    Column("history", JSON, nullable=False, default=list),
    Column("next_at", Time),
    Column("lease_until", Time),
    Column("created_at", Time, nullable=False),
    Column("delivered_at", Time),
    UniqueConstraint("webhook_id", "change_id"),
    Index("ix_webhook_deliveries_due", "state", "next_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("workspace_id", Id, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("key", String(128), nullable=False),
    Column("detail", JSON, nullable=False, default=dict),
    Column("raised_at", Time, nullable=False),
    Column("sent_at", Time),
    Index("ix_alerts_unsent", "sent_at", "workspace_id"),
)

unknown_answers = Table(
    "unknown_answers",
    metadata,
    Column("shape", String(255), primary_key=True),
    Column("count", Integer, nullable=False, default=1),
    Column("first_at", Time, nullable=False),
    Column("last_at", Time, nullable=False),
    Column("sample", JSON, nullable=False),  # evidence, secrets removed
    Column("post_id", Id),
)

meta_events = Table(
    "meta_events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),  # of the signed body: a replay changes nothing
    Column("topic", String(32), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("received_at", Time, nullable=False),
)

deletion_requests = Table(
    "deletion_requests",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("threads_user_id", MetaId, nullable=False),
    Column("state", String(12), nullable=False),
    Column("requested_at", Time, nullable=False),
    Column("done_at", Time),
)
