"""Words of programs: what answers by itself on the other side, and people who ask whether we are one."""

from __future__ import annotations

import re

from bots.signals import any_of

_AUTOMATIC = any_of(
    r"(?:これは|こちらは|この(?:メッセージ|メール|返信|通知)は)[^。!?]{0,20}(?:自動(?:返信|応答|送信|配信|的に)|システムから)",
    r"(?:自動(?:返信|応答|送信)(?:メッセージ|メール)?(?:です|になります|でお送り|にてお送り|しております)|送信専用(?:の|アドレス|です))",
    r"^\W*[【\[(「]自動(?:返信|応答|送信)[】\])」]",
    r"(?:ただいま|現在|只今)[^。!?]{0,12}(?:運転中|不在に(?:して|なって)|席を外して|休暇(?:中|をいただ|を頂))",
    r"\bthis is an? (?:auto(?:matic|mated|generated)?)[ -]?(?:ally )?(?:generated )?(?:reply|response|message|answer)",
    r"^\W*(?:\[|\()?(?:auto(?:matic|mated)?[ -]?(?:reply|response|responder)|out of office)\b",
    r"\bi(?:'m| am) (?:currently |now )?(?:out of (?:the )?office|driving|on (?:annual |parental |sick )?leave)\b",
    r"\b(?:do not|please don't|don't) reply to this (?:message|email|e-mail|number)\b",
)
_A_BOT = re.compile(
    r"(?:あなたは|そちらは|これは|こちらは|今|相手は|もしかして|話しているのは)?"
    r"(?:ボット|ぼっと|bot|ai|エーアイ|ロボット|機械|人間|人|ひと|自動(?:応答|返信)|チャットボット|本物の人間?|生身の人間?)"
    r"(?:さん)?(?:なの|なん)?(?:です|でしょう|が対応してい(?:るん)?(?:ます|です)|が答えてい(?:ます|るんです))?(?:か|よね)?"
    r"|(?:are you|am i (?:talking|speaking|chatting) (?:to|with)|is this) (?:an? )?(?:real |actual |live )?"
    r"(?:bot|chatbot|robot|machine|ai|computer|human(?: being)?|person|program)(?: or (?:an? )?(?:real |actual )?"
    r"(?:bot|chatbot|robot|machine|ai|computer|human(?: being)?|person|program))?"
)


def by_itself(plain: str) -> bool:
    """Whether a program says of these words that it sent them: whoever answers it gets the next ones."""
    return _AUTOMATIC.search(plain[:600]) is not None


def asks_who(folded: str) -> bool:
    """Whether the whole message asks if a program or a person is answering."""
    return len(folded) > 1 and folded not in _TOO_LITTLE and _A_BOT.fullmatch(folded) is not None


_TOO_LITTLE = {
    "人",
    "ひと",
    "人間",
    "機械",
    "ロボット",
    "ボット",
    "ぼっと",
    "bot",
    "ai",
    "本物の人",
    "本物の人間",
    "生身の人",
    "生身の人間",
}
