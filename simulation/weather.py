"""How often what goes wrong. Every number is a switch: a failing history is cut down by setting them to nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares of calls, unless said otherwise."""

    # Threads
    before: float = 0.11  # a publish is refused, and nothing happened
    after: float = 0.08  # a publish is refused or its answer lost, and the post is live
    slow: float = 0.04  # the answer is lost, and the post goes live up to four minutes later
    infrastructure: float = 0.13  # a page, a broken connection, 1, 2, of any call but a publish
    early: float = 0.06  # a container or parent is not known yet
    limits: float = 0.02  # creates and publishes that meet a limit on calls
    lag: float = 0.35  # posts whose container or list lags
    unreadable: float = 0.35  # accounts whose published containers cannot be read for hours
    closed_lists: float = 0.10  # accounts whose lists may not be read
    partial: float = 0.30  # accounts whose lists come in small pages
    oldest_first: float = 0.10  # accounts whose lists come oldest first
    tokens: float = 0.30  # accounts whose token dies in the day
    restricted: float = 0.20  # accounts that are restricted or checkpointed for some hours
    untiered: float = 0.08  # accounts for which the app lacks its access tier for some hours
    media: float = 0.06  # media that cannot be fetched, or not be processed
    quota: float = 0.10  # accounts with a small quota of posts
    bad_content: float = 0.03  # posts that Threads refuses for what they say
    lookalikes: float = 0.40  # posts like which the owner posts another one by hand
    hidden: float = 0.01  # posts that neither container nor list shows within the settle time
    outages: float = 2.0  # a day
    # Threads, on later days (LATER)
    last_cursor: float = 0.0  # accounts whose last page names a next one, which is empty
    glimpses: float = 0.0  # of the posts that lists show late: an entry without its words is there before
    replies: float = 0.0  # accounts with a small quota of replies
    slow_names: float = 0.0  # calls whose host name takes seconds to be looked up
    skew: float = 0.0  # seconds by which the times that Threads names are off at most
    contrary: float = 0.0  # of the unclear answers to a publish: a clear refusal's words with the status of a fault
    # Threads and its users, on the latest days (LATEST)
    detached: float = 0.0  # replies that go live as posts of their own
    cut: float = 0.0  # posts that go live without the end of their text
    dropped: float = 0.0  # carousels that go live without their last item
    stories: float = 0.0  # posts that are to be shared to Instagram as well; half of these stories fail
    withdrawn: float = 0.0  # accounts that take a permission back in the day, until they connect again
    late_containers: float = 0.0  # posts that only the lists show within the settle time
    brittle: float = 0.0  # accounts every second of whose list pages cannot be read
    closer: float = 0.0  # more than nothing: what the owner posts by hand before may be seconds older than the post
    apps: float = 0.0  # apps that lack their access tier for some hours, for all of their accounts
    deleted: float = 0.0  # parts that the owner deletes in the app, a minute later or hours
    renamed: float = 0.0  # accounts that have another name from some time on
    expiring: float = 0.0  # posts whose media cannot be fetched for long, until somebody gives other addresses
    # Treadle's own machines
    crashes: float = 0.0016  # of each place where a worker waits or commits
    crashes_at_publish: float = 0.015  # of each such place around a publish
    pauses: float = 10.0  # a day and worker
    pauses_at_publish: float = 0.03  # of the publishes, between the intent and the first byte
    steps: float = 2.0  # of a worker's clock, a day
    disk: float = 2.0  # times a day that the disk is full
    database: float = 3.0  # times a day that the database is away
    doubtful_commits: float = 0.002  # commits that are done and reported as failed
    # Not by default, for it makes another history of every day:
    watchful: float = 0.0  # more than nothing: the dead are looked for all the time, not only when there are any
    unconnected: float = 0.0  # calls that find nobody to talk to, beside those of every day
    undone_commits: float = 0.0  # writes of a run that are undone for another's sake, and done once more
    joined_ends: float = 0.0  # more than nothing: the end of a run is stored with its last write
    # People
    acts: float = 0.25  # posts somebody does something with
    twins: float = 0.20  # posts that say the same as another of the account

    def without(self, name: str) -> Weather:
        return replace(self, **{name: 0.0})

    @classmethod
    def names(cls) -> list[str]:
        return [each.name for each in fields(cls)]


CLEAR = Weather(**dict.fromkeys(Weather.names(), 0.0))

# A known day stays the day it was, and what was found on it stays found: what the model learned since begins here.
FIRST_LATER = 126
LATER = replace(Weather(), last_cursor=0.3, glimpses=0.25, replies=0.05, slow_names=0.01, skew=15.0, contrary=0.06)
FIRST_LATEST = 161
LATEST = replace(
    LATER, untiered=0.0, apps=0.35, detached=0.05, cut=0.02, dropped=0.3, stories=0.1, withdrawn=0.12, brittle=0.25,
    late_containers=0.1, closer=1.0, deleted=0.1, renamed=0.1, expiring=0.1, watchful=1.0, unconnected=0.02,
)  # fmt: skip


def weather_of(seed: int) -> Weather:
    """How often what goes wrong on the day of this seed."""
    if seed >= FIRST_LATEST:
        return LATEST
    return LATER if seed >= FIRST_LATER else Weather()
