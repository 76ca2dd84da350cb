"""What Meta cannot fetch, and whose fault that is: the server's set-up, one file, one host, or Meta's own trouble.

Played at real times: the product's own constants, on a clock that is moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.simulated import Simulation, simulated
from tests.support.threads_stand_in import Fault, Profile, meta_error
from tests.treadle.engine.host import Host, hosting
from treadle.domain.fetch_outage import FetchOutage, Unfetched, reach_of, sound_hosts
from treadle.domain.fetched import Fetch
from treadle.domain.part_files import PreparedFile
from treadle.media import fetch_log
from treadle.media.samples import picture
from treadle_threads.media.remote import META_AGENT
from treadle_threads.results import Answer


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    return picture(tmp_path / "a.png", size=(640, 480))


@pytest.fixture
def as_installed(tmp_path: Path, migrated_url: str) -> Iterator[Simulation]:
    """Default settings: the public address is that of this machine, and Threads is the real one."""
    with simulated(tmp_path / "data", migrated_url) as made:
        made.jobs_s = 30.0
        yield made


def test_p42_an_upload_that_meta_cannot_reach_is_a_fault_of_the_set_up(
    as_installed: Simulation, picture_file: Path
) -> None:
    sim = as_installed
    account, profile = sim.account()
    first, second = (sim.post(account, text=text, media=[{"id": sim.upload(picture_file)}]) for text in ("a", "b"))
    plain = sim.post(account, text="no file")
    sim.pass_time(600)
    for post_id in (first, second):
        post = sim.read(post_id)
        assert post["state"] == "blocked", sim.story(post_id)
        cause = post["cause"]
        assert (cause["pattern"], cause["action"], cause["who"]) == (
            "public_url_unreachable",
            "fix_app_setup",
            "operator",
        )
        assert "TREADLE_PUBLIC_URL" in post["why"]
    assert sim.open_causes() == [("media_host", "public_url_unreachable")]
    assert sim.read(plain)["state"] == "published", sim.story(plain)
    assert [call for call in profile.calls if call[1] == "create"][1:] == []  # that of the post without a file

    sim.restart(public_url="https://treadle.site.example.org")
    sim.pass_time(120)
    assert [sim.read(post_id)["state"] for post_id in (first, second)] == ["published", "published"]
    assert sim.open_causes() == []


NOT_FETCHED = meta_error(
    400,
    9004,
    2207052,
    "Only photo or video can be accepted as media type.",
    is_transient=False,
    error_user_title="Media download has failed. The media URI doesn't meet our requirements.",
)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with hosting(tmp_path / "host", "0.0.0.0") as opened:
        yield opened


@pytest.fixture
def sim(tmp_path: Path, migrated_url: str) -> Iterator[Simulation]:
    with simulated(tmp_path / "data", migrated_url, allow_private_media_hosts=True) as made:
        made.jobs_s = 5.0
        yield made


def at(host: Host, number: int, path: str = "1.jpg") -> dict[str, str]:
    """A file on one of several hosts."""
    return {"url": f"http://127.0.0.{number}:{host.url.rpartition(':')[2]}/{path}"}


def down(*profiles: Profile) -> list[Fault]:
    """Meta fetches no file of theirs; the answers that a test ends."""
    faults = [Fault("create", NOT_FETCHED, times=None, only_media=True) for _ in profiles]
    for profile, fault in zip(profiles, faults, strict=True):
        profile.faults.append(fault)
    return faults


def creates(*profiles: Profile) -> list[float]:
    return sorted(when for profile in profiles for when, endpoint, _ in profile.calls if endpoint == "create")


def test_p34_when_meta_fetches_nobodys_files_that_is_one_cause_and_all_go_once_it_is_over(
    sim: Simulation, host: Host
) -> None:
    owners = [sim.account() for _ in range(5)]
    profiles = [profile for _, profile in owners]
    outage = down(*profiles)
    ids = [sim.post(owners[n % 5][0], text=f"post {n}", media=[at(host, 2 + n % 6)]) for n in range(20)]
    sim.pass_time(300)
    assert sim.open_causes() == [("platform", "media_fetch_outage")]
    for post_id in ids:
        post = sim.read(post_id)
        assert post["state"] in ("waiting", "publishing", "retrying"), sim.story(post_id)
        assert post["cause"]["pattern"] in ("media_fetch_outage", "media_download_failed"), sim.story(post_id)
    texts = [sim.post(account, text="only words") for account, _ in owners]
    since = sim.clock()
    sim.pass_time(3600)
    assert [sim.read(post_id)["state"] for post_id in texts] == ["published"] * 5
    tried = [when for when in creates(*profiles) if when > since]
    assert 30 <= len(tried) - len(texts) <= 65, "one post a minute looks"
    assert {sim.read(post_id)["state"] for post_id in ids} <= {"waiting", "publishing"}
    for fault in outage:
        fault.ended = True
    sim.pass_time(1200)
    assert [sim.read(post_id)["state"] for post_id in ids] == ["published"] * 20, sim.story(ids[0])
    assert sim.open_causes() == []
    assert sorted(text for profile in profiles for text in sim.threads.live(profile)) == sorted(
        [*(f"post {n}" for n in range(20)), *["only words"] * 5]
    )


def test_one_account_or_two_hosts_are_no_outage(sim: Simulation, host: Host) -> None:
    (alone, profile), (second, other) = sim.account(), sim.account()
    down(profile)
    for number in range(2, 8):
        sim.post(alone, text=f"{number}", media=[at(host, number)])
    sim.pass_time(400)
    assert ("platform", "media_fetch_outage") not in sim.open_causes()
    down(other)
    sim.pass_time(1200)
    for number in (2, 3):
        sim.post(second, text=f"b{number}", media=[at(host, number)])
    sim.pass_time(400)
    assert ("platform", "media_fetch_outage") not in sim.open_causes()


def test_a_fetched_file_in_between_shows_that_there_is_no_outage(sim: Simulation, host: Host) -> None:
    (first, one), (second, two), (third, _) = sim.account(), sim.account(), sim.account()
    down(one, two)
    sim.post(first, text="a", media=[at(host, 2)])
    sim.post(second, text="b", media=[at(host, 3)])
    sim.pass_time(5)
    sim.post(third, text="fetched", media=[at(host, 5)])
    sim.pass_time(10)
    sim.post(second, text="c", media=[at(host, 4)])
    sim.pass_time(2)
    assert sim.open_causes() == []


def test_where_meta_fetches_no_copy_of_ours_it_is_given_the_source(sim: Simulation, host: Host) -> None:
    account, profile = sim.account()
    given: list[str] = []

    def no_copies(endpoint: str, what: str, params: Mapping[str, str]) -> Answer | None:
        if endpoint != "create" or not params.get("image_url"):
            return None
        given.append(params["image_url"])
        return NOT_FETCHED if sim.settings.public_url in params["image_url"] else None

    profile.instead = no_copies
    source = at(host, 2)
    post_id = sim.post(account, text="a", media=[source], options={"copy_media": True})
    sim.until(lambda: sim.read(post_id)["state"] == "published", within_s=3600)
    assert sim.read(post_id)["state"] == "published", sim.story(post_id)
    assert given[0].startswith(sim.settings.public_url)
    assert given[-1] == source["url"]
    assert sim.threads.live(profile) == ["a"]


def seen(host: str, account: str, workspace: str = "w") -> Unfetched:
    return Unfetched(0.0, host, account, workspace, f"post {host} {account}")


@pytest.mark.parametrize(
    ("failures", "workspaces", "reach"),
    [
        ([("a", "1", "w"), ("b", "2", "w"), ("c", "1", "w")], 1, "platform"),
        ([("a", "1", "w"), ("b", "2", "w"), ("c", "1", "w")], 2, "workspace"),
        ([("a", "1", "w"), ("b", "2", "v"), ("c", "1", "w")], 2, "platform"),
        ([("a", "1", "v"), ("b", "2", "v"), ("c", "1", "v")], 2, None),  # another workspace's alone
        ([("a", "1", "w"), ("b", "1", "w"), ("c", "1", "w")], 1, None),
        ([("a", "1", "w"), ("b", "2", "w"), ("a", "3", "w")], 1, None),
        ([], 1, None),
    ],
)
def test_three_hosts_and_two_accounts_make_an_outage(
    failures: list[tuple[str, str, str]], workspaces: int, reach: str | None
) -> None:
    assert reach_of([seen(*one) for one in failures], "w", workspaces) == reach


def test_failures_count_for_ten_minutes_and_until_a_file_is_fetched() -> None:
    counted = FetchOutage()
    assert len(counted.failed([seen("a", "1")], 0.0)) == 1
    assert len(counted.failed([seen("b", "2")], 600.0)) == 2
    assert counted.failed([], 600.1) == []
    counted.failed([Unfetched(700.0, "a", "1", "w", "p")], 700.0)
    counted.fetched()
    assert counted.failed([], 700.0) == []


def test_only_files_that_our_own_check_could_fetch_within_the_hour_count() -> None:
    file = PreparedFile(kind="IMAGE", url="https://a.example/x.jpg", alt_text=None, size=None)
    sound: PreparedFile = {**file, "host": "a.example", "checked_at": 0.0}
    doubtful: PreparedFile = {**sound, "doubt": {"pattern": "media_redirects", "finding": {}}}
    kept: PreparedFile = {**file, "url": "https://here.example/media/x.jpg", "media_id": "med_x"}
    assert sound_hosts([sound], 3600.0) == {"a.example"}
    assert sound_hosts([sound], 3601.0) == frozenset()
    assert sound_hosts([sound, doubtful], 1.0) == frozenset()
    assert sound_hosts([kept], 1.0) == frozenset()


def test_a_fetch_that_fails_of_a_file_kept_here_says_what_meta_asked_for(sim: Simulation, picture_file: Path) -> None:
    account, profile = sim.account()
    profile.faults.append(Fault("create", NOT_FETCHED, times=None, only_media=True))
    kept = sim.upload(picture_file)
    post_id = sim.post(account, text="a", media=[{"id": kept}])
    sim.until(lambda: sim.read(post_id)["state"] == "blocked", within_s=3600)
    assert "never requested" in sim.read(post_id)["cause"]["what_happened"], sim.story(post_id)
    size = picture_file.stat().st_size

    def fetched(sent: int) -> None:
        folder = Path(sim.settings.data_dir) / "media" / "files" / kept
        fetch_log.note(folder, Fetch(sim.clock() + 60, META_AGENT, "31.13.24.1", "GET", 200, 0, sent))

    fetched(size // 2)
    sim.act("retry", post_id)
    sim.until(lambda: "stopped after" in str(sim.read(post_id)["cause"]), within_s=3600)
    assert "stopped after" in sim.read(post_id)["cause"]["what_happened"], sim.story(post_id)


def test_where_meta_cannot_fetch_the_next_container_takes_a_copy_kept_here(sim: Simulation, host: Host) -> None:
    account, profile = sim.account()
    profile.faults.append(Fault("create", NOT_FETCHED, only_media=True))
    post_id = sim.post(account, text="a", media=[at(host, 2)])
    sim.until(lambda: sim.read(post_id)["state"] == "published", within_s=600)
    assert sim.threads.live(profile) == ["a"], sim.story(post_id)
    (made,) = [c for c in sim.threads.containers.values() if "image_url" in c.params]
    assert made.params["image_url"].startswith(f"{sim.settings.public_url}/media/med_")
