"""SMS by Twilio (https://www.twilio.com/docs/messaging/api)."""
