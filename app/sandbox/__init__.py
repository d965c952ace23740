"""The platforms, played on this machine: they speak their wire formats both ways, keep a record of what they
accepted, show a phone per customer, and misbehave on demand.

Nothing here knows the product or its database. `application` puts the parts together, a module per platform
(`line`) speaks like that platform, and what they share stands beside them: `house` (clock, chance, record,
misbehaviour), `talks` (what stands on the phones), `hooks` (webhooks), `control` (the JSON doors), `phones`.
"""
