"""Colours and words of the widget: readable on any brand colour, in the visitor's language."""

from __future__ import annotations

from app.i18n import gettext

LIGHT, DARK = "#f2f0eb", "#2a2e35"  # the hardest of the panel's own surfaces, by day and night
ENOUGH = 4.5  # WCAG 2.2, 1.4.3: contrast of text

WORDS = {
    "chat": "Chat",
    "open_chat": "Open the chat",
    "close_chat": "Close the chat",
    "menu": "Menu",
    "messages": "Messages",
    "message": "Message",
    "placeholder": "Write a message",
    "send": "Send",
    "attach": "Attach a file",
    "emoji": "Emoji",
    "newer": "New messages",
    "elsewhere": "Continue on another device",
    "automatic": "Automatic answer",
    "staff": "Staff",
    "sending": "Sending…",
    "kept": "Kept, will be sent when you are online",
    "sent": "Sent",
    "seen": "Read",
    "retry": "Send again",
    "edit": "Edit",
    "discard": "Discard",
    "taken_back": "This message was taken back.",
    "typing": "%(name)s is typing",
    "unread": "Open the chat, %(n)s new messages",
    "reconnecting": "The connection was lost. Connecting again…",
    "offline": "You are offline. What you write is kept and sent later.",
    "too_long": "%(length)s of at most %(limit)s characters",
    "with": "%(name)s is answering",
    "usually": "We are here for you",
}
MORE_WORDS = {
    "have_code": "I have a code",
    "code": "Code",
    "redeem_hint": "Enter the code shown on your other device. The conversation then continues here.",
    "code_hint": "Photograph this with the other device, or open the chat there and enter the six digits. "
    "Sent to us on LINE or another messenger, it continues the conversation there.",
    "on_channel": "Continue by %(name)s",
    "claim": "Another device wants to continue this chat. It shows the number %(mark)s. Is it yours?",
    "claim_by": "%(name)s wants to continue this chat, with the number %(mark)s. Is that you?",
    "claim_warning": "Whoever you let in reads everything said here. If you have not asked for it yourself, say no.",
    "yes": "Yes, that is me",
    "no": "No",
    "waiting": "Say yes in the other chat, where this number is shown now:",
    "refused": "The other chat did not let this device in.",
    "code_until": "Holds until %(time)s, and once.",
    "qr": "QR code that continues the conversation",
    "cancel": "Cancel",
    "continue": "Continue",
    "close": "Close",
    "sound_on": "Sound on",
    "sound_off": "Sound off",
    "transcript": "Save the conversation",
    "end": "End the conversation",
    "owed": "We still owe you an answer. It will come here.",
    "you": "You",
    "leave_message": "Leave a message",
    "offline_hint": "We are closed at the moment. Leave your address and we will answer by email.",
    "leave": "Leave the message",
    "before_chat": "Before we begin",
    "prechat_hint": "So that we can answer you better.",
    "start": "Begin the chat",
    "skip": "Skip",
    "your_name": "Name",
    "your_email": "Email address",
    "your_phone": "Phone number",
    "rate": "How did we do?",
    "comment": "Anything you want to tell us",
    "stars": "%(n)s of 5",
    "thanks": "Thank you!",
    "too_big": "This file is too large (at most %(size)s).",
    "not_sent": "This could not be uploaded. Please try again.",
    "uploading": "Uploading",
    "helped": "Did this help?",
    "helped_thanks": "Thank you.",
    "helped_yes": "Yes",
    "helped_no": "No",
    "hints": "Is it one of these?",
    "hints_found": "%(n)s answers may be what you mean. The up arrow leads to them.",
    "read_on": "Read it in the help centre",
}


def words(locale: str, wanted: dict[str, str] = WORDS) -> dict[str, str]:
    """The widget's own words; placeholders stay, the browser fills them in."""
    return {name: gettext(locale, sentence) for name, sentence in wanted.items()}


def colours(brand: str) -> dict[str, str]:
    """The brand colour with what is readable on it (`on`) and its forms readable on our surfaces."""
    ink = "#08090b"
    on = (
        "#ffffff"
        if contrast(brand, "#ffffff") >= contrast(brand, ink) or contrast(brand, "#ffffff") >= ENOUGH
        else ink
    )
    return {
        "colour": brand,
        "on": on,
        "ink_light": _readable(brand, LIGHT, towards="#000000"),
        "ink_dark": _readable(brand, DARK, towards="#ffffff"),
    }


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _readable(brand: str, surface: str, towards: str) -> str:
    """The brand colour moved towards black or white only as far as text needs it."""
    for step in range(0, 101, 4):
        mixed = _mix(brand, towards, step / 100)
        if contrast(mixed, surface) >= ENOUGH + 0.3:
            return mixed
    return towards


def _luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _parts(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mix(one: str, other: str, share: float) -> str:
    parts = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
