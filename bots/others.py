"""Words of programs: what answers by itself on the other side, and people who ask whether we are one."""

from __future__ import annotations

import re

from bots.signals import any_of

_MARKED = any_of(
    r"^\W*[【\[(「]自動(?:返信|応答|送信)[】\])」]",
    r"\bthis is an? (?:auto(?:matic|mated|generated)?)[ -]?(?:ally )?(?:generated )?(?:reply|response|message|answer)",
    r"^\W*(?:\[|\()?(?:auto(?:matic|mated)?[ -]?(?:reply|response|responder)|out of office(?! hours))\b",
)
_AUTOMATIC = any_of(
    r"(?:これは|こちらは|この(?:メッセージ|メール|返信|通知)は)[^。!?]{0,20}"
    r"(?:自動(?:返信|応答|送信|配信|的に(?:返信|送信|配信|お送り|作成|生成))|システムから)",
    r"自動(?:返信|応答|送信)(?:メッセージ|メール)?(?:です(?![がかよねけの])|になります|でお送り|にてお送り|しております)",
    r"(?:この|本|当|こちらの?)[^。!?]{0,12}送信専用",
    r"(?:ただいま|現在|只今)[^。!?]{0,12}(?:(?:運転|休暇|外出)中(?:です|の(?:ため|為))"
    r"|(?:不在に(?:して|なって)|席を外して|休暇を(?:いただいて|頂いて))(?:おります|います)"
    r"(?:[。!]|$|ので[^。!?]{0,20}(?:連絡|返信|対応)))",
    r"\bi(?:'m| am) (?:currently |now )?(?:out of (?:the )?office\b"
    r"|driving(?: (?:right now|at the moment|with|and (?:can't|cannot|will|i'll))\b| ?[.!-]|$)"
    r"|on (?:annual |parental |sick )?leave (?:until|from|and|with)\b)",
    r"\b(?:do not|don't) reply to this (?:message|email|e-mail|number)\b(?=.*(?:automat|monitor|no-?reply))",
    r"\b(?:automat|not monitor|unmonitor|no-?reply)[^?]*\b(?:do not|don't) reply\b",
)
_ASKS = re.compile(
    r"\?|か(?:[。!]|$)|教えて|知りたい|困って|(?<!ご)質問(?:し|が|です|させ)|と(?:は)?(?:書[いか]|記載|表示|言われ)"
    r"|\bplease (?:\w+ )?(?:deliver|send|ship|hold|cancel|change|refund|return|help|let me know|tell me|keep|leave)\b"
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
    """Whether a program says of these words that it sent them: whoever answers it gets the next ones.

    Who asks is a person, whatever they ask about, unless the words carry the mark of such a program.
    """
    read = plain[:600]
    if _MARKED.search(read):
        return True
    return _ASKS.search(read) is None and _AUTOMATIC.search(read) is not None


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
