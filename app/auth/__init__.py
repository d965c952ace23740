"""Who is there: signing in, the session of a browser, and the guards in front of every request."""

from app.auth.guard import PUBLIC, Guard, Refusal
from app.auth.headers import SecurityHeaders
from app.auth.limits import BodyLimit
from app.auth.signins import Outcome, Signed, find, prune, renew, sign_in, sign_out

__all__ = [
    "PUBLIC",
    "BodyLimit",
    "Guard",
    "Outcome",
    "Refusal",
    "SecurityHeaders",
    "Signed",
    "find",
    "prune",
    "renew",
    "sign_in",
    "sign_out",
]
