"""Words of anger: nobody wants to hear a machine then."""

from __future__ import annotations

from bots.signals import Signal, any_of

_ANGER = any_of(
    r"ふざけ(?:る|ん)な|ふざけて(?:る|いる)|いい加減にし(?:ろ|て)",
    r"(?:むか|ムカ)(?:つ|ツ)(?:く|ク|い)|腹が?立(?:つ|ち|っ)|頭に(?:来|き)(?:た|て)|怒って(?:い|る|ま)",
    r"(?:馬鹿|バカ|ばか)に(?:し|する)|(?:なめ|舐め)(?:て(?:る|いる|ん)|んな|るな)",
    r"許せ(?:ない|ません)|許さない|話にならない|役に立た(?:ない|ねえ|ん)|使えねえ",
    r"最悪(?!の場合|でも)|最低(?:だ|な(?:対応|店|会社))|くそ(?:ボット|が)|クソ|何(?:回|度)言(?:えば|わせ)",
    r"\bunacceptable\b|\bridiculous\b|\boutrageous\b|\bdisgusting\b|\bfurious\b|\bpissed\b",
    r"\bfed up\b|\bsick of\b|\b(?:this|you|service|bot|shop|store|company) sucks?\b|\bbullshit\b|\bwtf\b|\bfuck",
    r"\byou(?: are|'re)? useless\b|\buseless bot\b|\bi(?:'m| am) (?:so |very |really )?angry\b",
    r"\b(?:worst|terrible|horrible|awful) (?:service|experience|company|shop|store|support)\b",
)


def anger(text: str) -> Signal | None:
    """The words of anger in plain `text`, if any."""
    found = _ANGER.search(text)
    return Signal(found[0].strip(), certain=True) if found else None
