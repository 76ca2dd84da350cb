"""Receive one webhook and verify its signature, with a test event."""

from http.server import BaseHTTPRequestHandler, HTTPServer

from treadle_client import SignatureError, Treadle, verify

secret = ""


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))  # the bytes as they arrived
        try:
            payload = verify(body, dict(self.headers), secret)
        except SignatureError as error:
            self.send_error(400, str(error))
            return
        print("verified:", payload["type"])
        self.send_response(204)
        self.end_headers()


receiver = HTTPServer(("127.0.0.1", 0), Receiver)
with Treadle() as treadle:
    webhook = treadle.webhooks.create(url=f"http://127.0.0.1:{receiver.server_port}/treadle")
    secret = webhook["secret"]
    treadle.webhooks.ping(webhook["id"])
    receiver.handle_request()
    treadle.webhooks.delete(webhook["id"])
