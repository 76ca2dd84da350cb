"""Numbers about posts and profiles. They are made from what happened in the sandbox; views are invented, but steady."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.clock import graph_time, pacific_midnight
from treadle_sandbox.model import Account, Post
from treadle_sandbox.moments import read_moment
from treadle_sandbox.wire import Call
from treadle_sandbox.world import DAY, World

MEDIA_METRICS = ("views", "likes", "replies", "reposts", "quotes", "shares")
USER_METRICS = ("views", "likes", "replies", "reposts", "quotes", "clicks", "followers_count", "follower_demographics")
BREAKDOWNS = ("country", "city", "age", "gender")
FIRST_MOMENT = 1_712_991_600
# As Meta's Postman collection has them, of a post and of a profile.
_ABOUT_POST = {
    "views": "The number of times your post was viewed. This metric is in development"
    " (https://www.facebook.com/business/help/metrics-labeling)",
    "likes": "The number of likes on your post.",
    "replies": "The number of replies on your post.",
    "reposts": "The number of times your post was reposted.",
    "quotes": "The number of times your post was quoted.",
    "shares": "The number of times your post was shared.",
}
_ABOUT = {
    "views": "The number of times your profile was viewed.",
    "likes": "The number of likes on your posts.",
    "replies": "The number of replies on your posts.",
    "reposts": "The number of times your posts were reposted.",
    "quotes": "The number of times your posts were quoted.",
    "clicks": "The number of times links were clicked.",
    "followers_count": "This is your total number of followers on Threads.",
    "follower_demographics": "Where the followers are and who they are.",
}


def _metrics(call: Call) -> list[str]:
    return call.items("metric") or call.items("fields")  # pythreads sends them as `fields`


def _number(world: World, post: Post, metric: str) -> int:
    if metric == "views":
        return post.views or (len(post.params.get("text", "")) * 3 + 10 * len(post.replies) + post.likes)
    if metric == "replies":
        return sum(world.post(reply) is not None for reply in post.replies)
    return int({"likes": post.likes, "reposts": post.reposts, "quotes": post.quotes}.get(metric, 0))


def media_insights(world: World, call: Call) -> Reply:
    """``GET /{media}/insights``; the id of the replies item says ``thread_replies``, as in Meta's collection."""
    post = world.post(call.node)
    if post is None or post.account_id != call.account.id:
        return refuse(world, call, "unknown_object", verb="get", id=call.node)
    metrics = _metrics(call)
    if not metrics:
        return refuse(world, call, "param_required", name="metric")
    for metric in metrics:
        if metric not in MEDIA_METRICS:
            choices = ", ".join(MEDIA_METRICS)
            return refuse(world, call, "param_choice", name="metric", choices=choices, value=metric)
    if post.media_type == "REPOST_FACADE":
        return ok({"data": []})
    return ok(
        {
            "data": [
                {
                    "name": metric,
                    "period": "lifetime",
                    "values": [{"value": _number(world, post, metric)}],
                    "title": metric.title(),
                    "description": _ABOUT_POST[metric],
                    "id": f"{post.id}/insights/{'thread_replies' if metric == 'replies' else metric}/lifetime",
                }
                for metric in metrics
            ]
        }
    )


def user_insights(world: World, call: Call) -> Reply:
    """``GET /{user}/threads_insights``: views by day, the rest as totals, link clicks by link."""
    account: Account = call.account
    metrics = _metrics(call)
    if not metrics:
        return refuse(world, call, "param_required", name="metric")
    since, until = read_moment(call.text("since") or "0", call.now), read_moment(call.text("until") or "0", call.now)
    if since is None or until is None or 0 < since < FIRST_MOMENT:
        return refuse(world, call, "param_invalid", name="since")
    now = call.now
    since, until = since or pacific_midnight(now) - DAY, until or now
    rows: list[dict[str, Any]] = []
    for metric in metrics:
        if metric not in USER_METRICS:
            choices = ", ".join(USER_METRICS)
            return refuse(world, call, "param_choice", name="metric", choices=choices, value=metric)
        row: dict[str, Any] = {
            "name": metric,
            "period": "day",
            "title": metric,
            "description": _ABOUT[metric],
            "id": f"{account.id}/insights/{metric}/day",
        }
        posts = [
            post
            for ids in (account.threads, account.replies)
            for post_id in ids
            if (post := world.post(post_id)) is not None and since <= post.created_at < until
        ]
        if metric == "views":
            row["values"] = _views(world, posts, since, until)
        elif metric == "clicks":
            row["link_total_values"] = _clicks(posts)
        elif metric == "followers_count":
            row["total_value"] = {"value": account.followers}
        elif metric == "follower_demographics":
            if not call.has("breakdown") and world.options.demographics == "omit":
                continue
            made = _demographics(world, call)
            if isinstance(made, Reply):
                return made
            row["total_value"] = made
        else:
            row["total_value"] = {"value": sum(_number(world, post, metric) for post in posts)}
        rows.append(row)
    return ok({"data": rows, "paging": _neighbors(world, call, since, until)})


def _neighbors(world: World, call: Call, since: float, until: float) -> dict[str, str]:
    """The addresses of the time before and after, as Meta's example has them beside the data."""
    kept = {name: call.text(name) for name in call.params if name not in ("since", "until")}
    base, length = f"{call.base or world.base_url}/v1.0/{'/'.join(call.segments)}", until - since

    def at(start: float) -> str:
        return f"{base}?{urlencode({**kept, 'since': int(start), 'until': int(start + length)})}"

    return {"previous": at(since - length), "next": at(until)}


def _views(world: World, posts: list[Post], since: float, until: float) -> list[dict[str, Any]]:
    days: list[dict[str, Any]] = []
    start = pacific_midnight(since)
    while start < until and len(days) < 800:
        end = pacific_midnight(start + DAY + 7200)  # a day may have 23 or 25 hours
        value = sum(_number(world, p, "views") for p in posts if start <= p.created_at < end)
        days.append({"value": value, "end_time": graph_time(end)})
        start = end
    return days


def _clicks(posts: list[Post]) -> list[dict[str, Any]]:
    clicks: dict[str, int] = {}
    for post in posts:
        link = post.params.get("link_attachment")
        if link:
            clicks[link] = clicks.get(link, 0) + post.likes
    return [{"value": value, "link_url": link} for link, value in clicks.items()]


def _demographics(world: World, call: Call) -> dict[str, Any] | Reply:
    """Needs a breakdown and at least 100 followers."""
    account: Account = call.account
    breakdown = call.text("breakdown")
    if not breakdown:
        return refuse(world, call, "param_required", name="breakdown")
    if breakdown not in BREAKDOWNS:
        choices = ", ".join(BREAKDOWNS)
        return refuse(world, call, "param_choice", name="breakdown", choices=choices, value=breakdown)
    if account.followers < world.options.min_insight_followers:
        return refuse(world, call, "feature_not_available")
    halves = {
        "country": ("US", "VN"),
        "city": ("Lisbon, Lisboa", "Hanoi, Ha Noi"),
        "age": ("18-24", "25-34"),
        "gender": ("F", "M"),
    }[breakdown]
    first = account.followers // 2
    results = [
        {"dimension_values": [halves[0]], "value": first},
        {"dimension_values": [halves[1]], "value": account.followers - first},
    ]
    return {"breakdowns": [{"dimension_keys": [breakdown], "results": results}]}
