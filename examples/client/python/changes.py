"""Follow changes until a post is published. The id of the last one seen is where to come back."""

import os

from treadle_client import Treadle

with Treadle() as treadle:
    post = treadle.posts.create(account_id=os.environ["ACCOUNT"], text="Followed")
    seen = 0  # in your program: what you stored last
    for change in treadle.events.stream(types=["post.*"], after=seen):
        seen = int(change["id"])
        if change["subject"] == post["id"]:
            print(change["type"])
            if change["type"] == "post.published":
                break
