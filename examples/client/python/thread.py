"""Upload a picture with its description, and publish it as the first part of a thread of two.

Usage: thread.py PICTURE
"""

import os
import sys
from pathlib import Path

from treadle_client import Treadle

picture = Path(sys.argv[1])
with Treadle() as treadle:
    media = treadle.media.upload(picture.read_bytes(), filename=picture.name, content_type="image/jpeg")
    post = treadle.posts.create(
        account_id=os.environ["ACCOUNT"],
        text="The loom is threaded.",
        media=[{"id": media["id"], "alt_text": "A loom"}],
        replies=[{"text": "First pass in a minute."}],
    )
    post = treadle.posts.wait(post["id"], timeout_s=120)
    for part in post["parts"]:
        print(post["state"], part["permalink"])
