"""Connectors: pure translators between a platform's words and ours.

A connector stores nothing and decides nothing. It imports `channels.base`, the standard library, the HTTP
client and its format libraries; never `app`, never `bots`, never another connector.
"""
