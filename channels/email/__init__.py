"""Mailboxes: what customers write by mail comes in, what agents answer goes out as proper mail.

`reading` makes a :class:`~channels.email.mail.Mail` of raw bytes, whatever they are; `quoting`, `cleaning`,
`automatic` and `bounces` say what is in it; `composing` makes mails, `smtp` sends and `imap` fetches them.
"""
