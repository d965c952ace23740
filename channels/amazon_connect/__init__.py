"""Telephone calls of Amazon Connect (https://docs.aws.amazon.com/connect/latest/adminguide/contact-events.html)."""
