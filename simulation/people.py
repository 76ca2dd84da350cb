"""The people of a day: they ask for posts, change their minds, and repair what only people can repair."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from simulation.chance import Dice
from simulation.database import SimulatedDatabase
from simulation.ledger import Act, Asked, Content, Ledger, Live, PartAsked, Version
from simulation.machine import Killed
from simulation.plan import ActPlanned, Plan, PostPlanned
from simulation.threads.model import Threads
from simulation.worker import Worker
from treadle.accounts import storing
from treadle.accounts.service import Accounts
from treadle.accounts.tokens import KnownToken
from treadle.domain.answers import Created, Done
from treadle.engine import rechecking
from treadle.services import detached
from treadle.services.read import post_json, posts_json
from treadle.services.service import Posts
from treadle.settings import Settings
from treadle.store.blockers import open_blocker
from treadle.store.release import Releaser
from treadle.store.tables import accounts, blockers, posts, workspaces
from treadle.vault import Vault
from treadle_threads import ThreadsClient
from treadle_threads.secret import secret
from treadle_threads.values import Profile

WORKSPACE = "wsp_default"
ROUND_S = 1800.0
HOSTS = 4
OLDER_S = 400.0  # older than what the clocks of two parties may differ by
SCOPES = (
    "threads_basic", "threads_content_publish", "threads_read_replies", "threads_manage_replies", "threads_delete",
)  # fmt: skip


class _Plain(Vault):
    """Seals nothing: what is sealed is the same in every run."""

    def __init__(self) -> None:
        pass

    def seal(self, value: str) -> bytes:
        return value.encode()

    def open(self, sealed: bytes) -> str:
        return sealed.decode()


class People:
    def __init__(
        self, plan: Plan, ledger: Ledger, threads: Threads, db: SimulatedDatabase, settings: Settings,
        releaser: Releaser, workers: Callable[[], list[Worker]], note: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.plan, self.ledger, self.threads, self.db, self.settings = plan, ledger, threads, db, settings
        self.releaser, self.workers, self.note = releaser, workers, note
        self.posts = Posts(releaser, max_lateness_s=settings.max_lateness)
        self.numbers: dict[str, PostPlanned] = {}
        self.renewed: set[tuple[int, int]] = set()  # parts whose media have other addresses by now, by number and place
        self.accounts = Accounts(
            settings=settings, db=db, vault=_Plain(), client=ThreadsClient(), repairs=releaser, block=open_blocker,
            now=self.now, random01=lambda: 0.5,
        )  # fmt: skip

    def now(self) -> float:
        return self.threads.now()

    def begin(self) -> None:
        """The workspace and its accounts, connected."""
        with self.db.begin() as conn:
            conn.execute(sa.insert(workspaces).values(id=WORKSPACE, name="All", created_at=self.now(), options={}))
        for profile in self.threads.profiles.values():
            with self.db.begin() as conn:
                token = next(iter(profile.tokens))
                storing.store(conn, self.accounts, WORKSPACE, self._known(profile.id, token), actor="owner")
                where = accounts.c.threads_user_id == profile.id
                conn.execute(sa.update(accounts).where(where).values(app_id=profile.app, refresh_next_at=None))

    def _known(self, profile: str, token: str) -> KnownToken:
        who = Profile(profile, f"user{profile}", f"User {profile}", None, "", False, {})
        return KnownToken(secret(token), who, SCOPES, self.now(), self.now() + 5e6, None)

    def _account_id(self, profile: str) -> str:
        with self.db.read() as conn:
            return str(conn.execute(sa.select(accounts.c.id).where(accounts.c.threads_user_id == profile)).scalar())

    # ------------------------------------------------------------------------------------------------ the day

    async def one(self, post: PostPlanned) -> None:
        """One post from the wish to the last thing somebody does about it."""
        profile = list(self.threads.profiles.values())[post.account]
        older = (
            Dice(self.plan.seed, "older", post.number).between(30.0, OLDER_S) if self.plan.weather.closer else OLDER_S
        )
        earlier = min(post.at, older) if post.lookalike == "before" else 0.0
        await asyncio.sleep(post.at - earlier)
        if earlier == older:
            self.threads.by_hand(profile.id, post.parts[0].content, None, self.now())
        await asyncio.sleep(earlier)
        account_id = await self._patiently(lambda: self._account_id(profile.id))
        made = await self._patiently(lambda: self._create(post, account_id))
        if made is None:
            return
        self.numbers[made] = post
        asked_at = self.now()
        expiring = Dice(self.plan.seed, "expires", post.number)
        if not profile.calm and expiring.happens(self.plan.weather.expiring):
            ends = asked_at + expiring.skewed(20.0, 7200.0)
            self.threads.expires |= {
                f"{_host(post.number, place)}/{post.number}": ends for place in range(len(post.parts))
            }
        due = asked_at if post.delay is None else asked_at + post.delay
        version = Version(asked_at, list(post.parts), due)
        self.ledger.asked[made] = Asked(made, profile.id, post.lateness, [version], calm=profile.calm)
        self._note("asks", made, profile.id, True, f"{len(post.parts)} parts")
        if post.lookalike not in ("", "before"):
            asyncio.get_running_loop().call_later(
                Dice(self.plan.seed, "lookalike", post.number).skewed(1.0, 300.0) + max(0.0, due - asked_at),
                self._lookalike, post, profile.id,
            )  # fmt: skip
        passed = 0.0
        for act in sorted(post.acts, key=lambda act: act.after):
            await asyncio.sleep(max(0.0, act.after - passed))
            passed = act.after
            await self._patiently(partial(self._act, act, made, post))

    def _create(self, post: PostPlanned, account_id: str) -> str | None:
        with self.db.begin() as conn:
            made = self.posts.create(conn, WORKSPACE, self._body(post, account_id), now=self.now(), actor="owner")
        assert isinstance(made, Created), made
        return made.post_id

    def _body(self, post: PostPlanned, account_id: str) -> dict[str, Any]:
        first, *rest = [self._part(part.content, post.number, place) for place, part in enumerate(post.parts)]
        body: dict[str, Any] = {"account_id": account_id, **first, "max_lateness": post.lateness}
        if rest:
            body["replies"] = rest
        if post.delay is not None:
            body["publish_at"] = datetime.fromtimestamp(round(self.now() + post.delay), UTC).isoformat()
        return body

    def _part(self, content: Content, number: int, place: int) -> dict[str, Any]:
        folder = f"{_host(number, place)}/{'new' if (number, place) in self.renewed else ''}{number}"
        part: dict[str, Any] = {"text": content.text}
        if content.items:
            suffix = {"IMAGE": "jpg", "VIDEO": "mp4"}
            part["media"] = [
                {"url": f"https://{folder}/{place}/{turn}.{suffix[kind]}"} for turn, kind in enumerate(content.items)
            ]
        if content.options:
            part["options"] = {name: True if value == "true" else value for name, value in content.options}
        return part

    def _lookalike(self, post: PostPlanned, account: str) -> None:
        """Something the owner posts by hand that is nearly the post, and is not."""
        content = post.parts[0].content
        parent = None
        match post.lookalike:
            case "kind":
                content = replace(content, kind="IMAGE" if content.kind == "TEXT" else "TEXT", items=())
            case "longer":
                content = replace(content, text=f"{content.text}, once more")
            case "shorter":
                content = replace(content, text=content.text.rsplit(" ", 1)[0])
            case _:
                earlier = self.threads.profiles[account].posts
                content, parent = post.parts[-1].content, earlier[0].id
                if len(post.parts) == 1:
                    return
        self.threads.by_hand(account, content, parent, self.now())

    def _act(self, act: ActPlanned, post_id: str, post: PostPlanned) -> None:
        asked = self.ledger.asked[post_id]
        answer: Any
        with self.db.begin() as conn:
            match act.kind:
                case "edit":
                    version, patch = self._changed(asked, post)
                    answer = self.posts.edit(conn, WORKSPACE, post_id, patch, now=self.now(), actor="owner")
                case "retime":
                    at = self.now() + Dice(self.plan.seed, "retime", post.number).skewed(60.0, 7200.0)
                    patch = {"publish_at": datetime.fromtimestamp(round(at), UTC).isoformat()}
                    version = replace(asked.versions[-1], at=self.now(), due=float(round(at)))
                    answer = self.posts.edit(conn, WORKSPACE, post_id, patch, now=self.now(), actor="owner")
                case "cancel":
                    answer = self.posts.cancel(conn, WORKSPACE, post_id, now=self.now(), actor="owner")
                case _:
                    answer = self.posts.retry(conn, WORKSPACE, post_id, now=self.now(), actor="owner")
        done = isinstance(answer, Done)
        if done and act.kind in ("edit", "retime"):
            asked.versions.append(version)
        self._note(act.kind, post_id, asked.account, done, type(answer).__name__)

    def _changed(self, asked: Asked, post: PostPlanned) -> tuple[Version, dict[str, Any]]:
        """Other words in the last part; the first one when what it says was refused."""
        last = asked.versions[-1]
        place = 0 if post.bad else len(last.parts) - 1
        parts = list(last.parts)
        text = parts[place].content.text
        text = text.split(" https://bad.example")[0] if post.bad else f"{text}, edited"
        parts[place] = PartAsked(replace(parts[place].content, text=text), parts[place].reply_to)
        first, *rest = [self._part(part.content, post.number, turn) for turn, part in enumerate(parts)]
        patch: dict[str, Any] = {"text": first["text"]} if place == 0 else {}
        if rest:
            patch["replies"] = rest
        return Version(self.now(), parts, last.due), patch

    async def _patiently(self, work: Callable[[], Any]) -> Any:
        """The server answers with an error while its database is away; people try again."""
        while True:
            try:
                return work()
            except sa.exc.SQLAlchemyError:
                await asyncio.sleep(20.0)

    # -------------------------------------------------------------------------------------------- repairing

    async def rounds(self, eager: Callable[[], bool]) -> None:
        """Look at what needs a person, again and again; somebody who is eager leaves nothing lying."""
        turn = 0
        while True:
            await asyncio.sleep(ROUND_S)
            turn += 1
            await self.round(turn, eager=eager())

    async def round(self, turn: int, *, eager: bool) -> None:
        if self.db.disk.away or self.db.disk.full:
            return
        for profile in self.threads.profiles.values():
            dice = Dice(self.plan.seed, "round", turn, profile.id)
            if eager or dice.happens(0.35):
                await self._repair(profile.id)
        for post_id, state in await self._patiently(self._waiting):
            if post_id not in self.numbers:
                continue
            dice = Dice(self.plan.seed, "round", turn, self.numbers[post_id].number)
            if eager or dice.happens(0.15):
                await self._patiently(partial(self._tend, post_id, state))

    def _waiting(self) -> list[tuple[str, str]]:
        """Posts that nothing will happen to unless a person does something, with their states."""
        resting = sa.and_(posts.c.next_at.is_(None), posts.c.claimed_by.is_(None))
        query = sa.select(posts.c.id, posts.c.state).where(resting, posts.c.state.not_in(("published", "canceled")))
        with self.db.read() as conn:
            return [(row.id, row.state) for row in conn.execute(query.order_by(posts.c.id))]

    async def _repair(self, profile: str) -> None:
        tokens = self.threads.profiles[profile].tokens
        withdrawn = self.threads.may_not_publish(profile, self.now())
        if profile not in await self._patiently(self._held) and not withdrawn:
            return
        open_now = await self._patiently(lambda: self._open_causes(profile))
        if all(dies <= self.now() for dies in tokens.values()) or withdrawn:
            token = self.threads.new_token(profile)

            def connect() -> None:
                with self.db.begin() as conn:
                    storing.store(conn, self.accounts, WORKSPACE, self._known(profile, token), actor="owner")
                    app = self.threads.profiles[profile].app
                    where = accounts.c.threads_user_id == profile
                    conn.execute(sa.update(accounts).where(where).values(app_id=app, refresh_next_at=None))

            await self._patiently(connect)
            self.ledger.reconnected.setdefault(profile, []).append(self.now())
            self._note("reconnect", "", profile, True, token)
        elif open_now and self.threads.sound(profile, self.now()):
            living = self.workers()
            if living:
                worker = living[0]
                for blocker_id in open_now:
                    self._note("lifted", "", profile, True, blocker_id[-6:])
                    work = rechecking.recheck(worker.context, worker.releaser, blocker_id, asked=True)
                    asyncio.get_running_loop().create_task(_quiet(work), name=f"lifted {profile} {self.now():.0f}")

    def _held(self) -> set[str]:
        """Accounts that an open cause holds."""
        query = (
            "SELECT threads_user_id FROM blockers JOIN accounts ON key IN (accounts.id, accounts.app_id)"
            " WHERE repaired_at IS NULL"
        )
        return {str(row[0]) for row in self.db.disk.driver.execute(query)}

    def _open_causes(self, profile: str) -> list[str]:
        with self.db.read() as conn:
            mine = sa.select(accounts.c.id).where(accounts.c.threads_user_id == profile).scalar_subquery()
            keys = sa.or_(blockers.c.key == mine, blockers.c.key == self.threads.profiles[profile].app)
            query = sa.select(blockers.c.id).where(blockers.c.repaired_at.is_(None), keys)
            return list(conn.execute(query).scalars())

    def _tend(self, post_id: str, state: str) -> None:
        """What a person does about one post that waits for one."""
        asked, planned = self.ledger.asked[post_id], self.numbers[post_id]
        if planned.bad and state in ("blocked", "failed") and "bad.example" in _words(asked.versions[-1]):
            self._act(ActPlanned("edit", 0.0), post_id, planned)
            return
        if state in ("blocked", "failed") and self._unusual(asked, planned):
            return
        with self.db.begin() as conn:
            answer: Any
            match state:
                case "held":
                    kind, answer = "confirm", self.posts.confirm(
                        conn, WORKSPACE, post_id, now=self.now(), actor="owner"
                    )  # fmt: skip
                case "checking":
                    kind, answer = "resolve", self._resolve(conn, post_id)
                case "failed" | "blocked" | "waiting" | "retrying":
                    kind, answer = "retry", self.posts.retry(conn, WORKSPACE, post_id, now=self.now(), actor="owner")
                case _:
                    return
        self._note(kind, post_id, asked.account, isinstance(answer, Done), type(answer).__name__)

    def _unusual(self, asked: Asked, planned: PostPlanned) -> bool:
        """What retrying does not repair: a reply that went live beside its thread, a parent that its owner deleted,
        media that nobody can fetch any more."""
        with self.db.read() as conn:
            post = post_json(conn, WORKSPACE, asked.post)
        assert post is not None
        parts = post["parts"]
        live = [self.threads.live.get(part["threads_id"] or "") for part in parts]
        cause = str((post.get("cause") or {}).get("pattern") or "")
        if cause == "reply_detached":
            choice: Any = "stop" if planned.number % 4 == 0 else "below_root"
            app: Any = SimpleNamespace(db=self.db, posts=self.posts, now=self.now)
            answer = _finished(detached.decide(app, WORKSPACE, asked.post, choice, actor="owner"))
            kind = "cancel" if choice == "stop" else "below root"
        elif any(each is not None and each.deleted <= self.now() for each in live):
            with self.db.begin() as conn:
                answer = self.posts.cancel(conn, WORKSPACE, asked.post, now=self.now(), actor="owner")
            kind = "cancel"
        else:
            waiting = [part["position"] for part in parts if part["published_at"] is None and part["media"]]
            over = [
                place for place in waiting if (planned.number, place) not in self.renewed
                and self.now() >= self.threads.expires.get(f"{_host(planned.number, place)}/{planned.number}", 1e12)
            ]  # fmt: skip
            if not over:
                return False
            kind, answer = "edit", self._renew(asked, planned, over)
        done = isinstance(answer, Done)
        self._note(kind, asked.post, asked.account, done, type(answer).__name__)
        return True

    def _renew(self, asked: Asked, planned: PostPlanned, places: list[int]) -> Any:
        """Other addresses for the same media."""
        self.renewed |= {(planned.number, place) for place in places}
        contents = [part.content for part in asked.versions[-1].parts]
        first, *rest = [self._part(content, planned.number, turn) for turn, content in enumerate(contents)]
        patch: dict[str, Any] = {"media": first["media"]} if 0 in places else {}
        if rest:
            patch["replies"] = rest
        with self.db.begin() as conn:
            return self.posts.edit(conn, WORKSPACE, asked.post, patch, now=self.now(), actor="owner")

    def _resolve(self, conn: sa.Connection, post_id: str) -> Any:
        """The owner looks at the profile and says the truth."""
        post = post_json(conn, WORKSPACE, post_id)
        assert post is not None
        part = next((each for each in post["parts"] if each["threads_id"] is None), None)
        live = self._on_profile(part["container_id"]) if part is not None else None
        word: dict[str, Any] = {"live_id": live.id} if live is not None else {"absent": True}
        return self.posts.resolve(conn, WORKSPACE, post_id, now=self.now(), actor="owner", **word)

    def _on_profile(self, container_id: str | None) -> Live | None:
        found = self.threads.containers.get(container_id or "")
        live = found.live if found is not None else None
        return live if live is not None and live.effect <= self.now() else None

    def _note(self, kind: str, post: str, account: str, done: bool, words: str) -> None:
        self.ledger.acts.append(Act(self.now(), kind, post, account, done))
        number = self.numbers[post].number if post in self.numbers else "-"
        self.note(f"person {kind} {number} {account} {done} {words}")

    def unfinished(self) -> list[dict[str, Any]]:
        """The posts that are not published, as an API client sees them."""
        with self.db.read() as conn:
            ids = conn.execute(
                sa.select(posts.c.id).where(posts.c.state.not_in(("published", "canceled"))).order_by(posts.c.id)
            )
            return posts_json(conn, WORKSPACE, list(ids.scalars()))


def _host(number: int, place: int) -> str:
    return f"cdn{(number + place) % HOSTS}.example.com"


def _finished(work: Coroutine[Any, Any, Any]) -> Any:
    """What comes of work that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits for something")


def _words(version: Version) -> str:
    return " ".join(part.content.text for part in version.parts)


async def _quiet(work: Any) -> None:
    with contextlib.suppress(sa.exc.SQLAlchemyError, Killed):
        await work
