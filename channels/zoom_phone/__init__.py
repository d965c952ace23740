"""Telephone calls of Zoom Phone (https://developers.zoom.us/docs/api/phone/events/)."""
