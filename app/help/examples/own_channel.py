"""A channel of your own: each line typed is a customer's message, each answer of the bot or an agent is printed.

Needs Python alone. DESK is the webhook address of an API channel, SECRET its signing secret, PORT where this listens;
the channel's callback address is http://THIS-MACHINE:PORT. A machine of a private network, or the very machine of the
desk, is called only where the installation allows it: MADOGUCHI_ALLOW_PRIVATE=yes.
"""

import hashlib
import hmac
import json
import os
import random
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def sign(stamp: str, body: bytes) -> str:
    signed = stamp.encode() + b"." + body
    return hmac.new(os.environ["SECRET"].encode(), signed, hashlib.sha256).hexdigest()


def post(text: str) -> None:
    """Sent again under its id until it is taken: it is stored once."""
    event = {"type": "message", "id": str(uuid.uuid4()), "from": {"id": "me", "name": "山田"}, "text": text}
    body = json.dumps({"events": [event]}).encode()
    while True:
        stamp = str(int(time.time()))
        headers = {"X-Madoguchi-Signature": f"t={stamp},v1={sign(stamp, body)}"}
        try:
            urlopen(Request(os.environ["DESK"], body, headers), timeout=30).close()
            return
        except HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise
        except OSError:
            pass  # not there
        time.sleep(random.uniform(0.5, 3))


class Callback(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = dict(part.split("=", 1) for part in self.headers["X-Madoguchi-Signature"].split(","))
        good = hmac.compare_digest(parts["v1"], sign(parts["t"], body))
        good = good and abs(time.time() - int(parts["t"])) < 300
        if good:
            said = json.loads(body)
            print(f"{said['author'] or 'bot'}: {said['text']}", flush=True)
        self.send_response(200 if good else 401)
        self.end_headers()


server = ThreadingHTTPServer(("", int(os.environ["PORT"])), Callback)
threading.Thread(target=server.serve_forever, daemon=True).start()
for line in sys.stdin:
    post(line.strip())
server.shutdown()
