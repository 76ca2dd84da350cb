"""A client with Meta's host in its code, by requests."""

import sys

import requests

form = {"media_type": "TEXT", "text": "from requests", "auto_publish_text": "true", "access_token": sys.argv[1]}
print(requests.post("https://graph.threads.net/v1.0/me/threads", data=form, timeout=120).text)
