"""Madoguchi: one inbox for everything a customer says to a business."""

__version__ = "0.1.0"
