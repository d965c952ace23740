"""The public shapes: what the REST API, the webhooks and the event stream say of our things, one way for all.

Each shape is a `msgspec.Struct`; the OpenAPI document is generated from the very same types. A function beside
it makes it from rows. What may be shown at all was decided before: rows come from look-ups through a viewer.
"""
