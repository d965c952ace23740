"""What customers do that is no message: orders, visits, points.

A touchpoint is of an identity, and so stands with whoever has that address: nothing is moved where customers are
brought together, taken apart, or an address is taken out. What is told of an address that nobody has waits for it.
"""
