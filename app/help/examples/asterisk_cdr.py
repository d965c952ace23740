"""Posts what is new in Asterisk's Master.csv to Madoguchi. Let cron run it every minute, as the user asterisk.

Needs Python 3.6 alone. DESK is the webhook address of the channel, SECRET its signing secret, CSV the file
(/var/log/asterisk/cdr-csv/Master.csv), STATE where it is remembered how far it was posted. What was not taken is posted
again the next time; what is posted twice stands there once.
"""

import hashlib
import hmac
import os
import time
import urllib.request

CSV = os.environ.get("CSV", "/var/log/asterisk/cdr-csv/Master.csv")
STATE = os.environ.get("STATE", "/var/lib/asterisk/madoguchi-cdr")
MOST = 500000  # bytes in one request


def place() -> int:
    """Up to where the file was posted; from its beginning, where it was begun anew (logrotate)."""
    try:
        with open(STATE) as file:
            known = int(file.read())
    except (OSError, ValueError):
        return 0
    return known if known <= os.path.getsize(CSV) else 0


def rows(begin: int) -> bytes:
    """Whole lines alone: the last one may still be written."""
    with open(CSV, "rb") as file:
        file.seek(begin)
        return file.read(MOST).rpartition(b"\n")[0]


def post(body: bytes) -> None:
    stamp = str(int(time.time()))
    signed = hmac.new(os.environ["SECRET"].encode(), stamp.encode() + b"." + body, hashlib.sha256)
    headers = {
        "Content-Type": "text/csv",
        "X-Madoguchi-Signature": f"t={stamp},v1={signed.hexdigest()}",
    }
    urllib.request.urlopen(urllib.request.Request(os.environ["DESK"], body, headers), timeout=30).close()


def main() -> None:
    begin = place()
    while True:
        body = rows(begin)
        if not body:
            return
        post(body + b"\n")
        begin += len(body) + 1
        with open(STATE, "w") as file:
            file.write(str(begin))


main()
