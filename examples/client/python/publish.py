"""Publish a post and wait for its outcome."""

import os

from treadle_client import Treadle

with Treadle() as treadle:  # TREADLE_URL, TREADLE_KEY
    post = treadle.posts.create(account_id=os.environ["ACCOUNT"], text="Hello from Python")
    post = treadle.posts.wait(post["id"], timeout_s=120)
    print(post["state"], post["parts"][0]["permalink"])
