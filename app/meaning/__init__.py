"""The optional sentence model: loaded from a folder that the settings name (`model`), its vectors kept on disk by what
was said (`kept`). The bot needs none of it; what it does with vectors is `bots.meaning`."""

from app.meaning.present import Missing, chosen, forget, opened, present, state

__all__ = ["Missing", "chosen", "forget", "opened", "present", "state"]
