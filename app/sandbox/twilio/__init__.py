"""SMS by Twilio: one account with a number (twilio.com/docs/messaging/api), and the telephones it reaches."""

from app.sandbox.twilio.platform import Twilio

__all__ = ["Twilio"]
