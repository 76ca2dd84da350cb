"""The way to the first published post, step by step: what is done, what is next, and what to enter at Meta.

Each step takes its state from the lines of :mod:`treadle.services.doctor` and from what the database holds; nothing
here asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from treadle.accounts.from_meta import verify_token
from treadle.accounts.service import redirect_uri
from treadle.media.reach import is_sandbox
from treadle.plural import plural
from treadle.services import alerts
from treadle.services.doctor import Line, Verdict
from treadle.services.read import counts
from treadle.settings import Settings
from treadle.store import Connection, accounts, audit, pages_posts
from treadle.store import alerts as alert_store
from treadle.vault import Vault
from treadle_threads.oauth import DEFAULT_SCOPES

State = Literal["done", "todo", "wrong", "unknown"]
StepId = Literal["address", "key", "app", "redirect", "account", "media", "repair", "alerts", "post"]
SERVER_STEPS: Final[tuple[StepId, ...]] = ("address", "key", "app", "redirect", "media", "repair")
_STATES: Final[Mapping[Verdict, State]] = {"fine": "done", "look": "todo", "broken": "wrong", "unknown": "unknown"}
_WORST: Final[tuple[State, ...]] = ("wrong", "todo", "unknown", "done")
NOT_CHECKED: Final = "Not checked yet."
CHANGES: Final = 50  # entries of the audit log that are searched for the last test of the alerts


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``found``: what is the case; ``todo``: what to do, empty when done; ``pattern``: the page of the error
    guide that explains it; ``optional``: the first post does not need it."""

    id: StepId
    title: str
    state: State
    found: str
    todo: str = ""
    pattern: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MetaField:
    """A field of the Meta app. ``where``: the way to it in Meta's dashboard; ``value``: what to enter there, or, with
    ``setting``, the setting of Treadle that takes what stands there."""

    id: str
    name: str
    where: str
    help: str
    value: str = ""
    setting: str = ""


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """What a workspace has so far. ``alerted``: a recipient took an alert, or a test, since recipients last changed."""

    accounts: int = 0
    recipients: int = 0
    alerted: bool = False
    published: int = 0
    media_published: bool = False


def progress(conn: Connection, vault: Vault, workspace: str) -> SetupFacts:
    return SetupFacts(
        accounts=accounts.count_connected(conn, workspace),
        recipients=len(alerts.listing(conn, vault, workspace)),
        alerted=_alerted(conn, workspace),
        published=counts(conn, workspace).get("published", 0),
        media_published=pages_posts.published_own_media(conn, workspace),
    )


def _alerted(conn: Connection, workspace: str) -> bool:
    since = 0.0
    for entry in audit.listing(conn, workspace, limit=CHANGES, action="workspace.alerts"):
        did = entry.detail.get("did")
        if did == "test" and entry.detail.get("delivered"):
            return True
        if did in ("add", "remove"):
            since = entry.at
            break
    return any((one.sent_at or 0.0) > since for one in alert_store.recent(conn, workspace, limit=CHANGES))


def steps(settings: Settings, lines: Sequence[Line], so_far: SetupFacts, *, runs_it: bool = True) -> list[Step]:
    """Every step in order. ``lines``: of the doctor; a step whose line is missing was not checked yet. ``runs_it``:
    whether to show what only whoever runs the server can change."""
    named = {line.name: line for line in lines}
    sandbox = is_sandbox(settings)
    made = [
        _address(settings, named, sandbox),
        _from("key", "Encryption key", [named.get("Encryption keys")]),
        _app(settings, named, sandbox),
        _from("redirect", "Redirect address", [named.get("Authorization window")]),
        _account(settings, so_far),
        _media(named, so_far),
        _from("repair", "Media repair", [named.get("Media repairs")]),
        _alerts(named, so_far),
        _post(named, so_far, runs_it),
    ]
    return made if runs_it else [step for step in made if step.id not in SERVER_STEPS]


def done(made: Sequence[Step]) -> int:
    return sum(step.state == "done" for step in made)


def following(made: Sequence[Step]) -> Step | None:
    """The step to take now: the first that is wrong or to do, else the first that was not checked; what the first post
    needs comes before what is optional."""
    for optional in (False, True):
        mine = [step for step in made if step.optional is optional]
        for states in (("wrong", "todo"), ("unknown",)):
            for step in mine:
                if step.state in states:
                    return step
    return None


def _from(id_: StepId, title: str, lines: Sequence[Line | None], *, optional: bool = False) -> Step:
    """A step of the doctor's lines: as bad as the worst of them, in that one's words."""
    there = [line for line in lines if line is not None]
    if not there:
        return Step(id_, title, "unknown", NOT_CHECKED, "Run the checks.", optional=optional)
    line = min(there, key=lambda one: _WORST.index(_STATES[one.verdict]))
    return Step(id_, title, _STATES[line.verdict], line.found, line.todo, line.pattern or "", optional)


def _address(settings: Settings, named: Mapping[str, Line], sandbox: bool) -> Step:
    title = "Public address"
    own, reach = named.get("Public address"), named.get("Reachable")
    if sandbox and own is not None and own.verdict == "look":
        found = f"{settings.public_url} is enough for the sandbox. The real Threads needs a public https address."
        return Step("address", title, "done", found)
    if own is not None and own.verdict != "fine":
        return _from("address", title, [own])
    return _from("address", title, [reach])


def _app(settings: Settings, named: Mapping[str, Line], sandbox: bool) -> Step:
    title = "App ID and secret"
    given, pair = named.get("Threads app"), named.get("Id and secret")
    if not settings.threads_app_id or not settings.threads_app_secret.get_secret_value():
        step = _from("app", title, [given])
        # Without an app accounts are added by token: then nothing waits for it.
        return Step("app", title, step.state, step.found, step.todo, step.pattern)
    if pair is None or (sandbox and pair.verdict == "fine"):
        return _from("app", title, [pair] if pair else [given] if given and given.verdict == "broken" else [])
    return _from("app", title, [given, pair])


def _account(settings: Settings, so_far: SetupFacts) -> Step:
    if so_far.accounts:
        return Step("account", "Connect an account", "done", f"{plural(so_far.accounts, 'account')} connected.")
    todo = "Connect the Threads profile you want to publish to. You approve it on Threads."
    if is_sandbox(settings):
        todo = "Connect one of the sandbox's accounts. You approve it in the sandbox's own window."
    return Step("account", "Connect an account", "todo", "No account is connected yet.", todo)


def _media(named: Mapping[str, Line], so_far: SetupFacts) -> Step:
    line = named.get("Media address")
    if so_far.media_published and (line is None or line.verdict != "broken"):
        return Step("media", "Media address", "done", "A post with a file from this server was published.")
    return _from("media", "Media address", [line])


def _alerts(named: Mapping[str, Line], so_far: SetupFacts) -> Step:
    title, line = "Alerts", named.get("Alert recipients")
    if line is not None and line.verdict != "fine":
        return _from("alerts", title, [line], optional=True)
    if not so_far.recipients:
        todo = "Add an email address or a chat to hear when something needs attention."
        return Step("alerts", title, "todo", "No recipients yet.", todo, optional=True)
    if not so_far.alerted:
        found = f"{plural(so_far.recipients, 'recipient')}, not tested yet."
        return Step("alerts", title, "todo", found, "Send a test.", optional=True)
    return Step("alerts", title, "done", f"Delivered to {plural(so_far.recipients, 'recipient')}.", optional=True)


def _post(named: Mapping[str, Line], so_far: SetupFacts, runs_it: bool) -> Step:
    title, worker = "Publish your first post", named.get("Worker")
    if so_far.published:
        return Step("post", title, "done", f"{plural(so_far.published, 'post')} published.")
    if worker is not None and worker.verdict != "fine":
        found = "Nothing is published: no worker is running."
        start = "Start treadle serve" if runs_it else "Ask your Treadle administrator to start treadle serve"
        return Step("post", title, "wrong", found, f"{start}, or treadle worker.")
    return Step("post", title, "todo", "Nothing published yet.", "Write a post and publish it.")


def meta_fields(settings: Settings) -> list[MetaField]:
    """What has to be copied from the Meta app, and entered there, in the order of its pages."""
    base, secret = settings.public_url, settings.threads_app_secret
    basic = "App settings › Basic"
    customize = "Use cases › Access the Threads API › Customize › Settings"
    found = [
        MetaField(
            "app-id",
            "Threads app ID",
            basic,
            "This page has two pairs. Copy the Threads pair, below the app's own ID and secret.",
            setting="TREADLE_THREADS_APP_ID",
        ),
        MetaField(
            "app-secret",
            "Threads app secret",
            basic,
            "Next to the Threads app ID. Press Show. Meta asks for your password.",
            setting="TREADLE_THREADS_APP_SECRET",
        ),
        MetaField(
            "redirect-field",
            "Redirect Callback URLs",
            customize,
            "Paste it, press Enter to add it, then save.",
            redirect_uri(settings),
        ),
        MetaField(
            "uninstall-field",
            "Uninstall Callback URL",
            customize,
            "Meta calls it when someone removes your app. Treadle then stops using the account.",
            f"{base}/threads/deauthorize",
        ),
        MetaField(
            "delete-field",
            "Delete Callback URL",
            customize,
            "Meta calls it when someone asks for their data to be deleted.",
            f"{base}/threads/delete-data",
        ),
        MetaField(
            "permissions-field",
            "Permissions",
            "Use cases › Access the Threads API › Customize › Permissions and features",
            "Press Add next to each.",
            ", ".join(DEFAULT_SCOPES),
        ),
        MetaField(
            "tester-field",
            "Threads Tester",
            "App roles › Roles › Add people",
            "While the app is in development, only testers can connect. The person then accepts in Threads: Settings › "
            "Account › Website permissions › Invites.",
            "The Threads username of each person who connects an account",
        ),
        MetaField(
            "webhook-field",
            "Webhooks, Callback URL",
            "Use cases › Access the Threads API › Customize › Webhooks",
            "Optional: Threads reports replies and mentions here.",
            f"{base}/threads/webhook",
        ),
    ]
    if settings.threads_app_id and secret.get_secret_value():
        verify = "Optional. Use it with the URL above. It proves that the subscription request is yours."
        found.append(MetaField("verify-field", "Webhooks, Verify token", found[-1].where, verify, verify_token(secret)))
    return found
