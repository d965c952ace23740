"""The bot at work in the product: what it is told, what it says and does, how it hands over, and what came of it.

It decides in the pure package ``bots``; here are the rows, the thread and the clock around that.
"""
