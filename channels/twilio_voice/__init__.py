"""Telephone calls at Twilio (https://www.twilio.com/docs/voice)."""
