"""Say what an error answer of Threads means, what a refused request lacks, and which posts wait for somebody."""

import os

from treadle_client import ApiError, Treadle

with Treadle() as treadle:
    answer = {"error": {"message": "Error validating access token", "code": 190, "error_subcode": 463}}
    found = treadle.answers.diagnose(stage="publish", http_status=400, body=answer)
    print(found["pattern"], found["who"], found["retry"]["kind"])
    try:
        treadle.posts.create(account_id=os.environ["ACCOUNT"], text="x" * 501)
    except ApiError as error:
        print(error.code, error.who, error.retryable, error.findings[0]["rule"], error.request_id)
    for post in treadle.posts.iterate(state=["blocked", "failed", "held"]):
        print(post["id"], post["state"], post["cause"])
