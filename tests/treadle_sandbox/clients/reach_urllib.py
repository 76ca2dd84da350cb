"""A client with Meta's host in its code, by the standard library alone. Token in argv, answer on stdout."""

import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

BASE = "https://graph.threads.net/v1.0"
form = urlencode({"media_type": "TEXT", "text": "from urllib", "auto_publish_text": "true"}).encode()
with urlopen(Request(f"{BASE}/me/threads?access_token={sys.argv[1]}", form)) as answer:
    print(answer.read().decode())
