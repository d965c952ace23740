"""Telephone calls of Asterisk and FreePBX (https://docs.asterisk.org): rows of call detail records, and the events of
its manager interface (AMI)."""
