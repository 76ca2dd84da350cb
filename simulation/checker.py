"""Judges a day: what the product says happened against what really happened. It knows neither engine nor tables.

It is given posts as the product exports them, and the ledger. What it judges, and what each verdict means, stands at
the functions below.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulation.ledger import Act, Asked, Change, Content, Ledger, Live, Sent
from simulation.resting import RestJudge
from simulation.verdict import CLOCKS_S, RECORDED_S, Violation, seconds

ALLOWED_PARTS = 12  # containers made for one part between two things a person did
STORM = 60  # equal requests in a minute
SENDS = 8  # of one container
TRIES = 20  # an hour, of what is refused for hours
HOUR_S, DAY_S = 3600.0, 86_400.0
NOTICED_S = 120.0  # from when a part is known to be live until everybody is told that it is not as asked
CALM_S = 900.0  # in which a post goes out that nothing disturbs
RECOVERY_S = 5400.0  # after a disturbance, until everything is at its usual speed
LEAST_SETTLE_S = 300.0  # a publish that seemed lost has been seen to take 222 seconds


@dataclass(frozen=True, slots=True)
class Verdict:
    """``hidden_doubles``: posts that are live twice where neither container nor lists showed the first in time."""

    violations: tuple[Violation, ...]
    hidden: int
    hidden_doubles: int


# What differs of a part that is live otherwise than it was asked for.
SHOWS = {"detached": "reply_to_id", "cut": "text", "dropped": "children", "story": "crossreshare_to_ig"}
GONE = "reply_target_gone"  # the cause of a post whose parent was deleted
History = Sequence[Mapping[str, Any]]
Snapshots = Sequence[tuple[float, Sequence[Mapping[str, Any]]]]


def judge(ledger: Ledger, history: History, snapshots: Snapshots, feed: Sequence[Change] = ()) -> Verdict:
    """``snapshots``: posts as they were shown at some times; ``feed``: what the product announced."""
    checker = _Checker(ledger, history, snapshots, feed)
    resting = RestJudge(ledger, history, feed)
    violations = sorted([*checker.all(), *resting.all()], key=lambda each: each.at)
    return Verdict(tuple(violations), checker.hidden, checker.hidden_doubles)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A part of a post: what can be live once."""

    post: str
    position: int


class _Checker:
    def __init__(self, ledger: Ledger, history: History, snapshots: Snapshots, feed: Sequence[Change]) -> None:
        self.feed = feed
        self.ledger, self.history, self.snapshots = ledger, history, snapshots
        self.posts = {str(post["id"]): post for post in history}
        self.live = {live.id: live for live in ledger.live}
        self.by_container = {live.container: live for live in ledger.live if live.container}
        self.acts_of: dict[str, list[Act]] = defaultdict(list)
        for act in ledger.acts:
            self.acts_of[act.post].append(act)
        self.known = self._recorded()
        self.hidden = sum(1 for live in ledger.live if live.container and self._hidden(live))
        self.hidden_doubles = 0
        self.slot_of: dict[str, _Slot] = {}

    def all(self) -> Iterator[Violation]:
        yield from self.doubled()
        yield from self.lost()
        yield from self.altered()
        yield from self.unseen()
        yield from self.after_cancel()
        yield from self.lateness()
        yield from self.in_a_limit()
        yield from self.dead_tokens()
        yield from self.standing()
        yield from self.refused_content()
        yield from self.useless_sends()
        yield from self.storms()
        yield from self.hasty()
        yield from self.fenced()
        yield from self.held()
        yield from self.buried()
        yield from self.slow()

    def _hidden(self, live: Live) -> bool:
        """Whether neither its container nor the lists showed it within the settle time."""
        return live.shown_after() > self.ledger.settle_s - 15.0

    def _recorded(self) -> set[int]:
        """Numbers of the requests whose answers the product wrote down: it knows those, whatever crashed."""
        found: set[int] = set()
        for post in self.history:
            for event in post["events"]:
                answer = event.get("answer") or {}
                trace = (answer.get("headers") or {}).get("x-fb-trace-id") if isinstance(answer, Mapping) else None
                if trace:
                    found.add(int(trace[1:]))
        return found

    def _acts(self, post: str, *kinds: str, also_refused: bool = False) -> list[float]:
        return [
            act.at for act in self.acts_of.get(post, ()) if (act.done or also_refused) and act.kind in kinds
        ]  # fmt: skip

    # ------------------------------------------------------------------------------------------------ doubled

    def doubled(self) -> Iterator[Violation]:
        """More is live of an account than was asked for: every live post needs a part of its own that said the same
        at some time. A maximum matching, so that equal texts are no excuse and no fault."""
        slots: dict[tuple[str, Content], list[_Slot]] = defaultdict(list)
        for asked in self.ledger.asked.values():
            for version in asked.versions:
                for position, part in enumerate(version.parts):
                    slot = _Slot(asked.post, position)
                    mine = slots[asked.account, part.content]
                    if slot not in mine:
                        mine.append(slot)
        taken: dict[_Slot, Live] = {}
        ours = sorted((live for live in self.ledger.live if live.container), key=lambda live: live.effect)

        def place(live: Live, tried: set[_Slot]) -> bool:
            # A free one first, and of these one that is said to be live: what the product claims is moved only where
            # nothing else is left.
            wanted = slots.get((live.account, live.content), ())
            for slot in sorted(wanted, key=lambda slot: (slot in taken, not self._said_to_be_live(slot))):
                if slot in tried:
                    continue
                tried.add(slot)
                if slot not in taken or place(taken[slot], tried):
                    taken[slot] = live
                    return True
            return False

        placed: set[str] = set()
        for slot, id_ in self._claims().items():
            claim = self.live.get(id_)
            fits = claim is not None and slot in slots.get((claim.account, claim.content), ())
            if claim is not None and claim.container and fits and claim.id not in placed:
                taken[slot] = claim
                placed.add(claim.id)
        for live in ours:
            if live.id in placed:
                continue
            tried: set[_Slot] = set()
            if place(live, tried):
                continue
            rivals = [taken[slot] for slot in tried if slot in taken]
            # Whichever of them the product knows by now: the last one is the double of those before it.
            before = sorted((live, *rivals), key=lambda each: each.effect)[:-1]
            if any(self._hidden(each) for each in before):
                self.hidden_doubles += 1
                continue
            post = next(iter(tried), _Slot("", 0)).post
            words = (
                f"live {len(rivals) + 1} times: {live.content.text!r}" if tried else f"unasked {live.content.text!r}"
            )
            yield Violation("doubled", post, live.account, live.effect, words)
        self.slot_of = {live.id: slot for slot, live in taken.items()}

    def _claims(self) -> dict[_Slot, str]:
        """Which post each part is, as the product says."""
        return {
            _Slot(post_id, int(part["position"])): str(part["threads_id"])
            for post_id, post in self.posts.items() for part in post["parts"] if part["threads_id"]
        }  # fmt: skip

    # --------------------------------------------------------------------------------------------------- lost

    def lost(self) -> Iterator[Violation]:
        """After everybody did their part, and long after the last fault, a post is not live, or is said not to be."""
        for post_id, asked in self.ledger.asked.items():
            post = self.posts[post_id]
            state, at = str(post["state"]), self.ledger.end
            parts = post["parts"]
            for part in parts:
                live = self.live.get(part["threads_id"] or "")
                if part["threads_id"] and (live is None or not live.container):
                    words = f"part {part['position'] + 1} is said to be {part['threads_id']}, which is no post of ours"
                    yield Violation("lost", post_id, asked.account, seconds(part["published_at"]), words)
            if state == "canceled":
                continue
            if state != "published":
                words = f"ends as {state} ({post['stage']}): {post['why']}"
                yield Violation("lost", post_id, asked.account, at, words)
                continue
            for part in parts:
                slot = _Slot(post_id, int(part["position"]))
                if part["threads_id"] is None and slot not in set(self.slot_of.values()):
                    words = f"part {slot.position + 1} is said to be published and is not live"
                    yield Violation("lost", post_id, asked.account, at, words)

    # ------------------------------------------------------------------------------------------------ altered

    def altered(self) -> Iterator[Violation]:
        """What is live under a part's id says something else, hangs on something else, belongs to another part, or is
        said to be other than asked when it is not."""
        owners: dict[str, str] = {}
        for post_id, asked in self.ledger.asked.items():
            before: str | None = None
            post = self.posts[post_id]
            first = post["parts"][0]["threads_id"]
            for part in post["parts"]:
                id_ = part["threads_id"]
                live = self.live.get(id_ or "")
                position = int(part["position"])
                if live is not None and live.container:
                    at = live.effect
                    asked_for = [v.parts[position].content for v in asked.versions if position < len(v.parts)]
                    if live.content not in asked_for or live.account != asked.account:
                        words = f"part {position + 1} is live as {live.content.text!r} ({live.content.kind})"
                        yield Violation("altered", post_id, asked.account, at, words)
                    beside = {first} if (above := self.live.get(before or "")) and above.wrong == "detached" else set()
                    if position and live.parent not in {before, *beside}:
                        yield Violation("altered", post_id, asked.account, at, f"part {position + 1} hangs elsewhere")
                    if live.content.text != part["text"]:
                        words = f"part {position + 1} is live as {live.content.text!r} and shown as {part['text']!r}"
                        yield Violation("altered", post_id, asked.account, at, words)
                    said = {one["field"] for one in (part.get("live") or {}).get("differs") or ()}
                    if said - {SHOWS.get(live.wrong)} and live.content in asked_for:
                        words = f"part {position + 1} is live as asked and is said to differ: {part['live']['differs']}"
                        yield Violation("alarm", post_id, asked.account, at, words)
                    if owners.setdefault(live.id, post_id) != post_id:
                        yield Violation("altered", post_id, asked.account, at, f"{live.id} belongs to another post too")
                before = id_

    def unseen(self) -> Iterator[Violation]:
        """A part is live otherwise than asked, and the product does not say so; or not soon after it knew the post."""
        announced = {
            (change.subject, int(change.data["part"])): change.at
            for change in self.feed if change.kind == "post.differs"
        }  # fmt: skip
        for live in self.ledger.live:
            slot = self.slot_of.get(live.id)
            if not live.wrong or slot is None:
                continue
            part = self.posts[slot.post]["parts"][slot.position]
            if part["threads_id"] != live.id:
                continue  # it does not know which one it is; that is judged elsewhere
            check, field = part.get("live") or {}, SHOWS[live.wrong]
            said = {one["field"] for one in check.get("differs") or ()}
            at, known = announced.get((slot.post, slot.position)), self._known_at(live)
            words = ""
            if field not in said and (field not in (check.get("not_checked") or ()) or self._readable(live)):
                words = f"part {slot.position + 1} is live {live.wrong}, and that is not said"
            elif field in said and at is None:
                words = f"part {slot.position + 1} is live {live.wrong}, and nobody was told"
            elif at is not None and known is not None and at - known > NOTICED_S and self._readable(live):
                words = f"part {slot.position + 1} is live {live.wrong}, and that was said {at - known:.0f} s later"
            if words:
                yield Violation("unseen", slot.post, live.account, live.effect, words)

    def _known_at(self, live: Live) -> float | None:
        """When the answer to its publish named it; ``None``: no answer did."""
        return next(
            (sent.until for sent in self.ledger.sent if sent.target == live.container and sent.operation == "publish"
             and sent.answer == "ok" and sent.delivered), None,
        )  # fmt: skip

    def _readable(self, live: Live) -> bool:
        """Whether every call about the post was answered, from when it was live on, until it was deleted."""
        reads = [
            sent for sent in self.ledger.sent
            if sent.account == live.account and live.effect <= sent.at < live.effect + NOTICED_S * 2
        ]  # fmt: skip
        limited = any(
            sent.limit_until is not None and sent.at < live.effect + NOTICED_S and sent.limit_until > live.effect
            for sent in self.ledger.sent if sent.account == live.account
        )  # fmt: skip
        # Fields that were refused are not asked for again for a day; refused calls look alike.
        before = live.wrong == "dropped" and any(
            sent.operation == "read" and sent.answer != "ok" and sent.account == live.account
            and live.effect - DAY_S < sent.at < live.effect for sent in self.ledger.sent
        )  # fmt: skip
        sound = not limited and not before and not any(sent.faulted for sent in reads)
        about = [sent for sent in reads if sent.operation == "read" and sent.target == live.id]
        stood = any(
            each.begin < live.effect + NOTICED_S and live.effect < each.end + NOTICED_S
            for each in self.ledger.disturbances if each.kind not in ("app", "step")
        )  # fmt: skip
        return sound and not stood and (not about or live.deleted > about[-1].at)

    def after_cancel(self) -> Iterator[Violation]:
        """A person was told that it is canceled, and a part that was not live went out afterwards; or one is live of
        which a publish had been sent with an answer that left that open."""
        opened = {sent.target for sent in self.ledger.sent if sent.operation == "publish" and not sent.clear}
        known = set(self._claims().values())
        for post_id, asked in self.ledger.asked.items():
            for at in self._acts(post_id, "cancel"):
                for live in self.ledger.live:
                    slot = self.slot_of.get(live.id)
                    if slot is None or slot.post != post_id:
                        continue
                    if live.arrival > at + 1.0:
                        yield Violation("canceled", post_id, asked.account, live.arrival, "published after its end")
                    elif live.id not in known and live.container in opened and not self._said_to_be_live(slot):
                        words = f"part {slot.position + 1} is live and is said to be canceled"
                        yield Violation("canceled", post_id, asked.account, live.arrival, words)

    def _said_to_be_live(self, slot: _Slot) -> bool:
        """The product tells that the part is published, though it does not know its id."""
        parts = self.posts[slot.post]["parts"]
        return any(part["published_at"] for part in parts if int(part["position"]) == slot.position)

    # ----------------------------------------------------------------------------------------------- lateness

    def lateness(self) -> Iterator[Violation]:
        """A part went out before its time, or later than it may without somebody's yes."""
        for live in self.ledger.live:
            slot = self.slot_of.get(live.id)
            if slot is None:
                continue
            asked = self.ledger.asked[slot.post]
            versions = [version for version in asked.versions if version.at <= live.arrival]
            dues = [version.due for version in versions] or [asked.versions[0].due]
            yeses = self._acts(slot.post, "confirm", "retry", "retime", "resolve", also_refused=True)
            if slot.position == 0 and live.arrival < min(dues) - CLOCKS_S:
                words = f"{dues[-1] - live.arrival:.0f} s before its time"
                yield Violation("early", slot.post, asked.account, live.arrival, words)
            last = self._part_before(slot)
            due = max([dues[-1], *([last.effect] if last is not None else [])])
            over = live.arrival - (due + asked.max_lateness)
            if over > CLOCKS_S and not any(yes <= live.arrival for yes in yeses):
                words = f"{over:.0f} s too late, and nobody said yes"
                yield Violation("late", slot.post, asked.account, live.arrival, words)

    def _part_before(self, slot: _Slot) -> Live | None:
        for part in self.posts[slot.post]["parts"]:
            if int(part["position"]) == slot.position - 1:
                return self.live.get(part["threads_id"] or "")
        return None

    # ----------------------------------------------------------------------------------------------- hopeless

    def in_a_limit(self) -> Iterator[Violation]:
        """A create or publish for an account before the end of a limit that the product had written down."""
        until: dict[str, tuple[float, float]] = {}
        for sent in self.ledger.sent:
            if sent.operation not in ("create", "publish"):
                continue
            known_at, end = until.get(sent.account, (0.0, 0.0))
            if known_at + RECORDED_S < sent.at < end - CLOCKS_S:
                words = f"{sent.operation} {end - sent.at:.0f} s before the end of a limit"
                yield Violation("hopeless", "", sent.account, sent.at, words)
            if sent.limit_until is not None and sent.n in self.known and sent.until is not None:
                until[sent.account] = (sent.until, max(end, sent.limit_until))

    def dead_tokens(self) -> Iterator[Violation]:
        """A create or publish with a token that is known to be refused."""
        known: dict[str, float] = {}
        acts = sorted((act.at, act.account) for act in self.ledger.acts if act.kind in ("reconnect", "lifted"))
        turn = 0
        for sent in self.ledger.sent:
            while turn < len(acts) and acts[turn][0] <= sent.at:
                known.pop(acts[turn][1], None)
                turn += 1
            if not sent.token_dead:
                known.pop(sent.account, None)  # it works again, or another one does
            if sent.token_dead and sent.operation in ("create", "publish"):
                since = known.get(sent.account)
                if since is not None and sent.at > since + RECORDED_S:
                    words = f"{sent.operation} with a token that was refused {sent.at - since:.0f} s ago"
                    yield Violation("hopeless", "", sent.account, sent.at, words)
            if sent.token_dead and sent.n in self.known and sent.until is not None:
                known.setdefault(sent.account, sent.until)

    def standing(self) -> Iterator[Violation]:
        """What is refused whatever an account publishes is tried again and again, and nobody asked for that."""
        tries: dict[str, deque[tuple[float, str]]] = defaultdict(deque)
        acts: dict[str, list[float]] = defaultdict(list)
        for act in self.ledger.acts:
            acts[act.account].append(act.at)
        for sent in self.ledger.sent:
            if not sent.standing or sent.operation not in ("create", "publish"):
                continue
            mine, run = tries[sent.account], sent.run.split("/")[0]
            if mine and mine[-1][1] == run:
                continue
            mine.append((sent.at, run))
            while sent.at - mine[0][0] > HOUR_S:
                mine.popleft()
            asked = sum(mine[0][0] - RECORDED_S <= at <= sent.at for at in acts[sent.account])
            if len(mine) - asked == TRIES:
                words = f"{len(mine)} tries within an hour at what was refused as {sent.answer}"
                yield Violation("hopeless", self._post_of(sent), sent.account, sent.at, words)

    def refused_content(self) -> Iterator[Violation]:
        """The same content again after Threads refused it for what it says, and nobody asked for that."""
        known: dict[tuple[str, str], list[float]] = defaultdict(list)
        for sent in self.ledger.sent:
            if not sent.refused_content:
                continue
            key = (sent.account, sent.target)
            before = known[key]
            posts = self._asking(sent)
            tries = len(posts) + sum(len(self._acts(post, "retry", "edit", "retime", "confirm")) for post in posts)
            if len(before) >= max(1, tries) and sent.at > before[-1] + RECORDED_S:
                yield Violation("hopeless", next(iter(posts), ""), sent.account, sent.at, "refused content once more")
            if sent.n in self.known and sent.until is not None:
                before.append(sent.until)

    def _asking(self, sent: Sent) -> list[str]:
        """Posts of the account some version of which says what this create says."""
        return [
            asked.post for asked in self.ledger.asked.values()
            if asked.account == sent.account
            and any(part.content.text and f'"{part.content.text}"' in sent.target
                    for version in asked.versions for part in version.parts)
        ]  # fmt: skip

    def useless_sends(self) -> Iterator[Violation]:
        """A publish of a container that was read as published, failed or expired; far too many of them; far too many
        containers for one content."""
        states: dict[str, tuple[float, str]] = {}
        reads = sorted((at, n, container, status) for n, at, container, status in self.ledger.status_answers)
        turn = 0
        sends: dict[str, int] = defaultdict(int)
        for sent in self.ledger.sent:
            if sent.operation != "publish":
                continue
            while turn < len(reads) and reads[turn][0] < sent.at:
                at, n, container, status = reads[turn]
                if n in self.known and status in ("PUBLISHED", "ERROR", "EXPIRED"):
                    states[container] = (at, status)
                turn += 1
            found = states.get(sent.target)
            if found is not None and sent.at > found[0] + RECORDED_S:
                yield Violation("hopeless", "", sent.account, sent.at, f"publish of a container that is {found[1]}")
            sends[sent.target] += 1
            if sends[sent.target] == SENDS * 4:
                yield Violation("hopeless", "", sent.account, sent.at, f"{SENDS * 4} publishes of one container")
        made: dict[tuple[str, Content], list[float]] = defaultdict(list)
        for account, content, _, at in self.ledger.made.values():
            made[account, content].append(at)
        for (account, content), times in made.items():
            posts = [
                asked.post for asked in self.ledger.asked.values() if asked.account == account
                and any(part.content == content for version in asked.versions for part in version.parts)
            ]  # fmt: skip
            acted = sum(len(self._acts(post, "retry", "edit", "retime", "confirm", "resolve")) for post in posts)
            if posts and len(times) > ALLOWED_PARTS * (len(posts) + acted):
                yield Violation("hopeless", posts[0], account, max(times), f"{len(times)} containers for one part")

    def storms(self) -> Iterator[Violation]:
        """The same request again and again within a minute."""
        recent: dict[tuple[str, str, str], deque[float]] = defaultdict(deque)
        for sent in self.ledger.sent:
            times = recent[sent.account, sent.operation, sent.target]
            times.append(sent.at)
            while sent.at - times[0] > 60.0:
                times.popleft()
            if len(times) == STORM:
                words = f"{STORM} times {sent.operation} in {sent.at - times[0]:.0f} s"
                yield Violation("hopeless", self._post_of(sent), sent.account, sent.at, words)

    # ------------------------------------------------------------------------------------------ hasty, fenced

    def hasty(self) -> Iterator[Violation]:
        """After a publish whose answer left open whether it is live, the same container is sent again, or another one
        for the same part, before the settle time is over and without anything that shows it is not live."""
        open_since: dict[str, Sent] = {}
        least = self.ledger.settle_s - CLOCKS_S
        by_part: dict[tuple[str, Content], dict[str, float]] = defaultdict(dict)
        dead = {container for _, _, container, status in self.ledger.status_answers if status in ("ERROR", "EXPIRED")}
        for sent in self.ledger.sent:
            if sent.operation != "publish" or sent.target not in self.ledger.made:
                continue
            account, content, _, _ = self.ledger.made[sent.target]
            before = open_since.get(sent.target)
            since = sent.at - before.at if before is not None else least
            if before is not None and since < least and not self._absent(sent):
                words = f"sent again {since:.0f} s after an answer that left it open ({before.answer})"
                yield Violation("hasty", self._post_of(sent), sent.account, sent.at, words)
            if not sent.clear or before is not None:
                open_since[sent.target] = sent
            others = by_part[account, content]
            rivals = sum(1 for asked in self.ledger.asked.values() if self._says(asked, account, content))
            for container, at in others.items():
                alone = container != sent.target and rivals == 1 and container not in dead
                if alone and sent.at - at < least and not self._absent(sent):
                    words = f"another container {sent.at - at:.0f} s after a publish that was left open"
                    yield Violation("hasty", self._post_of(sent), sent.account, sent.at, words)
            if not sent.clear:
                others[sent.target] = sent.at

    def _says(self, asked: Asked, account: str, content: Content) -> bool:
        return asked.account == account and any(
            part.content == content for version in asked.versions for part in version.parts
        )

    def _absent(self, sent: Sent) -> bool:
        """Whether a person said, before, that the post is not there."""
        post = self._post_of(sent)
        return any(at <= sent.at for at in self._acts(post, "resolve"))

    @staticmethod
    def _post_of(sent: Sent) -> str:
        return sent.run.split(".")[0]

    def fenced(self) -> Iterator[Violation]:
        """A run that began before its worker was paused for longer than a lease wrote a publish after the pause; or
        two publishes of one account were written by two workers at the same time for the same container."""
        pauses: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for each in self.ledger.disturbances:
            if each.kind == "pause" and each.end - each.begin > self.ledger.lease_s + 2.0:
                pauses[each.whom].append((each.begin, each.end))
        for sent in self.ledger.sent:
            if sent.operation != "publish":
                continue
            for begin, end in pauses.get(sent.worker, ()):
                if sent.run_began <= begin and sent.at >= end:
                    words = f"written after a pause of {end - begin:.0f} s by a run that began before it"
                    yield Violation("fenced", self._post_of(sent), sent.account, sent.at, words)

    # --------------------------------------------------------------------------------------------- held, slow

    def held(self) -> Iterator[Violation]:
        """A post is held by a cause that another account's request met, unless two accounts of its own app met it; or
        as too late when it is not."""
        by_number = self.ledger.sent
        for at, posts in self.snapshots:
            for post in posts:
                cause, asked = post.get("cause"), self.ledger.asked.get(str(post["id"]))
                if asked is not None and post["state"] == "held":
                    live = [seconds(part["published_at"]) for part in post["parts"] if part["published_at"]]
                    left = max([seconds(post["due_at"]), *live]) + asked.max_lateness - at
                    if left > CLOCKS_S:
                        words = f"held as too late {left:.0f} s before it is"
                        yield Violation("held", asked.post, asked.account, at, words)
                if asked is None or not cause or post["state"] not in ("blocked", "waiting"):
                    continue
                raw = cause.get("raw")
                error = raw.get("error") if isinstance(raw, Mapping) else None
                trace = str(error.get("fbtrace_id") or "") if isinstance(error, Mapping) else ""
                if not trace.startswith("T") or cause.get("scope") == "platform":
                    continue
                met = by_number[int(trace[1:])]
                if met.account == asked.account or cause.get("scope") == "media_host":
                    continue
                apps = {self.ledger.apps.get(account) for account in (asked.account, met.account)}
                if not (cause.get("scope") == "app" and len(apps) == 1 and self._met_by_two(met, at)):
                    words = f"held for what account {met.account} met: {met.answer} ({cause.get('pattern')})"
                    yield Violation("held", asked.post, asked.account, at, words)

    def buried(self) -> Iterator[Violation]:
        """A post is said to hang on a post that is gone, and all of its parts that went live are still there."""
        for change in self.feed:
            asked = self.ledger.asked.get(change.subject)
            if asked is None or change.data.get("pattern") != GONE or change.data.get("state") != "blocked":
                continue
            ids = [part["threads_id"] for part in self.posts[asked.post]["parts"]]
            if not any(id_ in self.live and self.live[id_].deleted <= change.at for id_ in ids):
                yield Violation(
                    "held", asked.post, asked.account, change.at, "its parent is said to be gone, and lives"
                )

    def _met_by_two(self, met: Sent, at: float) -> bool:
        """Whether two accounts of the app were answered the same before."""
        app = self.ledger.apps.get(met.account)
        same = {s.account for s in self.ledger.sent if s.at <= at and s.answer == met.answer}
        return len([account for account in same if self.ledger.apps.get(account) == app]) > 1

    def slow(self) -> Iterator[Violation]:
        """A post of an account that no fault strikes, on a day or at a time when nothing disturbs, is not out soon."""
        disturbed = [(each.begin, each.end + RECOVERY_S) for each in self.ledger.disturbances if not _small(each.kind)]
        for post_id, asked in self.ledger.asked.items():
            due = asked.versions[-1].due
            if not asked.calm or any(begin < due + CALM_S and due < end for begin, end in disturbed):
                continue
            if any(each.begin < due + CALM_S and due - 300.0 < each.end + 300.0 for each in self.ledger.disturbances):
                continue
            last = max((seconds(part["published_at"]) for part in self.posts[post_id]["parts"]), default=0.0)
            if last == 0.0 or last > due + CALM_S * max(1, len(asked.versions[-1].parts) / 2):
                words = f"out {last - due:.0f} s after its time, and nothing was in the way" if last else "not out"
                yield Violation("slow", post_id, asked.account, due, words)


def _small(kind: str) -> bool:
    return kind in ("crash", "pause", "step")
