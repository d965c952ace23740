"""The wish for a person instead of the bot, in Japanese and English, and its opposite."""

from __future__ import annotations

from bots.signals import Signal, any_of

_STAFF = (
    r"(?:オペレータ[ーァ]?(?:の(?:方|人))?|おぺれーたー?|(?:ご)?担当(?:者|の(?:方|人|者))|スタッフ(?:の(?:方|人))?|店員"
    r"|店長|責任者(?:の(?:方|人))?|上司|上の(?:人|方|者)|(?:カスタマー|お客様|ユーザー)(?:サポート|センター|サービス)"
    r"|(?:サポート|窓口|受付|コールセンター)の(?:人|方|者)|係(?:の(?:人|者|方)|員)|社員(?:の方)?|人間"
    r"|有人(?:チャット|対応|サポート|窓口)?|(?:中|生身|本物|他|別|実際)の(?:人|方)|(?<![一-龥])(?:人|ひと))(?:さん|様|さま)?"
)
_CONTACT = (
    r"(?:お|ご)?(?:話|はな[しせさ]|繋|つな[いぐがげ]|代わ|替わ|変わ|かわ[っりれ]|相談|連絡|対応|チャット|電話"
    r"|やりとり|やり取り|聞きた|聞いて(?:み|ほ|もら|い[いたい])|聞かせ|ききた|きいて(?:み|ほ|もら)|取り?次|転送|回し|問い?合わ?せ)"
)
_TO = r"(?:と(?:は)?|に|へ|を|が)"
_CALL = r"(?:呼(?:ん|び|べ)|よんで|出(?:し|せ)て?|お願い|おねがい|希望|ほしい|欲しい|ください|下さい)"
_SOON = r"(?:直接|少し|ちょっと|すぐ(?:に)?|今すぐ|早く|一度)?"
_HOW = r"(?!.{0,3}(?:方法|には|時間|番号|できる(?:時|言)))"
_REPORTED = r"(?!が?[しりきっ]?(?:た(?![いくかし方]|ほう)|ました)|して(?:から|み(?:ます|る)|決め|検討))"
"""担当者に連絡したのですが and 上司に相談してから tell of somebody; they ask for nobody."""
_REFUSED = (
    r"(?:(?:じゃ|では|で)なく"
    r"|(?:は|なんて|とか)?(?:いりません|要りません|いらない|要らない|不要|結構|大丈夫|必要は?(?:ない|ありません))"
    rf"|{_TO}[^。!?]{{0,6}}(?:たく(?:は)?(?:ない|ありません)|(?:繋|つな)が(?:ないで|なくて)|必要は?(?:ない|ありません)))"
)
_NOT_THEIRS = r"(?!上司[にとへ]相談)"
_NOT_STAFF = any_of(_STAFF + _REFUSED)
_STAFF_WANTED = any_of(
    rf"{_NOT_THEIRS}{_STAFF}{_TO}{_SOON}{_CONTACT}{_HOW}{_REPORTED}",
    rf"{_STAFF}(?:を|に|で|の方)?{_CALL}{_REPORTED}",
    rf"{_STAFF}に(?:して|切り?替え|きりかえ)",
    rf"{_STAFF}(?:の)?(?:応対|対応)(?:を|で)?{_CALL}",
    rf"{_STAFF}から(?:の)?(?:折り返し)?(?:の)?(?:お|ご)?(?:連絡|電話|返事|返信|回答|説明)(?:が|を)?"
    r"(?:お願い|希望|ほしい|欲しい|ください|下さい|もらえ|もらい|(?:いただ|頂)(?!いた|いてお)|して)"
    rf"{_REPORTED}",
    r"直接(?:お)?(?:話|はな)(?:したい|して|せ[まるな])",
    r"電話で(?:直接)?(?:お)?(?:話|はな)(?:したい|しでき|せ[まるな]|がしたい)",
    r"(?:誰か|だれか|どなたか)(?:人は?|方は?)?(?:い(?:ません|ない|ます|る)|おら|いらっしゃ)",
    r"(?:誰か|だれか|どなたか)(?:対応|応対|相談|答え|話)[^。!?]{0,8}?(?:人|方|者)(?:は|が)?(?:い(?:ません|ない|ます|る)|おら|いらっしゃ)",
    r"(?:ボット|bot|ai|機械|ロボット|自動応答)(?:じゃ|では)(?:なくて?|話にならない|だめ|ダメ|無理|嫌|いや)",
)
_STAFF_PERHAPS = any_of(_NOT_THEIRS + _STAFF + _TO + _CONTACT, r"電話で(?:お)?(?:話|はな)し")
_STAFF_ALONE = any_of(rf"\W*{_STAFF}(?:を|に|で|と|へ)?(?:話す|代わって|繋いで|つないで|よろしく)?\W*")

_PERSON = (
    r"(?:(?:an? |the |some |your |any |another )?(?:real |live |actual |human |customer |support |service ){0,3}"
    r"(?:human(?: being)?|person|people|agent|rep(?:resentative)?|someone|somebody|operator|advis[eo]r|staff|manager"
    r"|supervisor|colleague"
    r"|team member|employee|customer (?:service|support|care)))\b"
)
_ENDS = (
    r"(?=\W*$|[.,!?;]| (?:please|now|asap|to|who|that|for|on|right|immediately|thanks|instead|not|from|here|and"
    r"|because|about|at|today|directly|if)\b)"
)
_NO_PERSON = any_of(
    r"(?:do not|don't|dont|didn't|no need|needn't|without|rather not|not)"
    r"(?: (?:want|need|have|having|wish|asking|looking))?(?: to| for)?"
    rf"(?: (?:talk|speak|chat)(?:ing)?(?: to| with)?)? {_PERSON}",
    r"\bno (?:human|agent|operator|person)s?\b",
)
_BOT = r"(?:an? |the |this |your )?(?:chat ?bot|robot|bot|machine|computer|ai)s?\b"
_PERSON_WANTED = any_of(
    rf"\b(?:talk|speak|chat)(?:ing)? (?:to|with) {_PERSON}{_ENDS}",
    rf"\b(?:connect|transfer|put|pass|hand|switch) me (?:over |through |on )?(?:to|with) {_PERSON}",
    rf"\b(?:get|give|find|bring|send) me {_PERSON}{_ENDS}",
    rf"\b(?:transfer|connect|switch|escalate)(?: this| the| my)?(?: chat| call)? to (?:an? |the )?(?:live |real )?"
    rf"(?:human|agent|operator|rep(?:resentative)?|manager|supervisor)\b{_ENDS}",
    rf"\bget an? (?:real |live )?(?:human|person|agent|operator|rep(?:resentative)?|manager)\b{_ENDS}",
    rf"\b(?:can|could|may|will|would|have|let) {_PERSON} (?:please )?(?:call|phone|ring|contact|e?mail) me\b",
    rf"\b(?:talk|speak|chat)(?:ing)? (?:to|with) (?:the |your )?(?:tech(?:nical)? )?"
    rf"(?:sales|support|billing|management)(?: team| desk| department)?{_ENDS}",
    rf"\b(?:do not|don't|dont|not) (?:want|wish|like) to (?:talk|speak|chat) (?:to|with) {_BOT}",
    r"\bno (?:more )?(?:chat ?|ro)?bots?\b(?= please|\W*$|[,.!])",
    r"\bany(?:one|body) (?:there|here|around|available)\b(?=\W*$)",
    r"\b(?:is|are) there any(?:one|body) (?:i can|who can|that can|to talk|to speak|to help|available)",
    rf"\b(?:want|need|prefer|would like|i'd like) {_PERSON}{_ENDS}",
    rf"\b(?:is there|can|could|may) {_PERSON}(?: there)? (?:who can |that can |i can|to |help me)",
    r"\b(?:real|live|actual|human) (?:human|person|agent|representative|operator)s?\b(?! (?:fee|price|name)s?)",
)
_PERSON_PERHAPS = any_of(rf"\b(?:talk|speak|contact|reach|call|chat)(?:ing)? (?:to |with )?{_PERSON}")
_PERSON_ALONE = any_of(rf"\W*{_PERSON}(?: please| now){{0,2}}\W*", r"\W*(?:agents?|humans?)\W*")
_ASKS_ABOUT = any_of(
    r"\b(?:how|what|when|where|which|why|do your|does your|is your)\b",
    r"\b(?:are you|am i|be an?|like an?) (?:\w+ ){0,3}(?:human|person|agent)",
)


def person_wanted(text: str) -> Signal | None:
    """Whether plain `text` asks for a person instead of the bot.

    Asking about staff (`担当者の名前は`, `travel agent fees`) is not asking for them, nor is declining
    them; asking how to reach them is uncertain.
    """
    rest = without_refusal(text)
    if found := _STAFF_ALONE.fullmatch(rest) or _PERSON_ALONE.fullmatch(rest):
        return Signal(found[0].strip(), certain=True)
    if found := _STAFF_WANTED.search(rest) or _PERSON_WANTED.search(rest):
        return Signal(found[0].strip(), certain=not _ASKS_ABOUT.search(rest))
    found = _STAFF_PERHAPS.search(rest) or _PERSON_PERHAPS.search(rest)
    return Signal(found[0].strip(), certain=False) if found else None


def person_declined(text: str) -> bool:
    """Whether plain `text` says that no person is needed."""
    return without_refusal(text) != text


def without_refusal(text: str) -> str:
    """Plain `text` without the words by which a person is declined."""
    return _NO_PERSON.sub(" ", _NOT_STAFF.sub(" ", text))
