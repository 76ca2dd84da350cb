"""Give the same idempotency key again, as after a crash: it is the same post. Another post with that key is refused."""

import os
import uuid

from treadle_client import ApiError, Treadle

key = f"order-{uuid.uuid4()}"  # in your program: the id of what the post is about, stored before the call
with Treadle() as treadle:
    first = treadle.posts.create(account_id=os.environ["ACCOUNT"], text="Sold out.", draft=True, idempotency_key=key)
    again = treadle.posts.create(account_id=os.environ["ACCOUNT"], text="Sold out.", draft=True, idempotency_key=key)
    print("one post:", first["id"] == again["id"])
    try:
        treadle.posts.create(account_id=os.environ["ACCOUNT"], text="Back soon.", draft=True, idempotency_key=key)
    except ApiError as error:
        print(error.status, error.code)
