from threads import Threads


def test_a_post_arrives(threads_sandbox):
    ada = threads_sandbox.control.add_account("ada")
    Threads(threads_sandbox.url, ada["access_token"]).post("Hello")
    assert [post["text"] for post in threads_sandbox.control.posts("ada")] == ["Hello"]


def test_a_lost_answer_does_not_double_it(threads_sandbox):
    ada = threads_sandbox.control.add_account("ada")
    threads_sandbox.control.fault("publish", drop=True, when="after")
    made = Threads(threads_sandbox.url, ada["access_token"]).post("Once")
    assert [post["id"] for post in threads_sandbox.control.posts("ada")] == [made]
