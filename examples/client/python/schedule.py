"""Schedule a post, change its text, cancel it. Nothing is published."""

import os
from datetime import UTC, datetime, timedelta

from treadle_client import Treadle

tomorrow = datetime.now(UTC) + timedelta(days=1)
with Treadle() as treadle:
    post = treadle.posts.create(
        account_id=os.environ["ACCOUNT"], text="The shop opens at nine.", publish_at=tomorrow.isoformat()
    )
    print(post["state"], post["publish_at"])
    post = treadle.posts.update(post["id"], text="The shop opens at ten.")
    print(post["parts"][0]["text"])
    treadle.posts.cancel(post["id"])
    print(treadle.posts.get(post["id"])["state"])
