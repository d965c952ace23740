"""Why a mail could not be delivered, in plain words: tables of what mail servers say (RFC 3463 and their own texts)."""

import re

# Enhanced status code (class left out) → the reason, as a sentence that can be translated.
REASONS = {
    "1.0": "There is something wrong with the address.",
    "1.1": "The address does not exist.",
    "1.2": "The domain of the address does not exist.",
    "1.3": "The address is not written as it should be.",
    "1.4": "More than one mailbox goes by this address.",
    "1.6": "The mailbox has moved, and nobody knows where.",
    "1.7": "Our own address was not accepted.",
    "1.8": "Our own address was not accepted.",
    "1.10": "The address does not exist.",  # Exchange says it of unknown users, RFC 7505 of domains without mail
    "2.0": "There is something wrong with the mailbox.",
    "2.1": "The mailbox is switched off and takes no mail.",
    "2.2": "The mailbox is full.",
    "2.3": "The mail is too large for the mailbox.",
    "2.4": "A mailing list could not pass it on.",
    "3.0": "The mail server over there has a trouble of its own.",
    "3.1": "The mail server over there has no room left.",
    "3.2": "The mail server over there takes no mail at the moment.",
    "3.4": "The mail is too large for the mail server over there.",
    "4.0": "The mail server over there could not be reached.",
    "4.1": "The mail server over there does not answer.",
    "4.2": "The connection to the mail server over there broke off.",
    "4.3": "The domain of the address could not be looked up.",
    "4.4": "No mail server was found for the domain of the address.",
    "4.6": "The mail went round in circles.",
    "4.7": "It could not be delivered in time; the mail server has given up.",
    "5.0": "The mail servers did not understand each other.",
    "6.0": "The mail server over there cannot handle what is in the mail.",
    "7.0": "The mail server over there refuses the mail by its rules.",
    "7.1": "The mail server over there refuses the mail by its rules.",
    "7.8": "The mail server asks for a valid sign-in.",
    "7.20": "The mail's signature (DKIM) was not accepted.",
    "7.23": "Our domain does not allow that server to send for it (SPF).",
    "7.25": "The name of the sending server could not be checked (reverse DNS).",
    "7.26": "The mail could not be shown to come from our domain (SPF, DKIM or DMARC).",
    "7.27": "Our own address was not accepted.",
    "7.28": "Too many mails came at once.",
}
UNKNOWN = "The mail could not be delivered."
COMPLAINT = "The recipient reported it as spam."
WAITING = "The mail has not been delivered yet; the mail server goes on trying."
_CLASSES = {"1": "1.0", "2": "2.0", "3": "3.0", "4": "4.0", "5": "5.0", "6": "6.0", "7": "7.0"}


def _re(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# What servers say where they give no code, or only "5.0.0": the first that is found tells the status.
SAID = (
    (
        "5.1.2",
        _re(
            r"host or domain name not found",
            r"domain (?:name )?(?:not found|does not exist)",
            r"no such domain",
            r"ドメイン(?:名)?が(?:存在し|見つかり)ません",
            r"unrouteable mail domain",
            r"couldn't find any host named",
            r"ドメインが見つから",
        ),
    ),
    (
        "5.2.2",
        _re(
            r"mailbox (?:is )?full",
            r"quota exceeded",
            r"over quota",
            r"out of storage",
            r"exceeded the local limit",
            r"user is over the quota",
            r"メールボックスが(?:いっぱい|一杯|満杯)",
            r"(?:容量|サイズ)(?:制限)?を?(?:超え|オーバー)",
            r"mailbox .{0,40}exceed",
            r"受信トレイの容量がいっぱい",
        ),
    ),
    (
        "5.2.1",
        _re(
            r"account (?:is |has been )?(?:disabled|inactive|suspended)",
            r"mailbox (?:is )?(?:disabled|unavailable)",
            r"受信できない状態",
            r"user is not active",
            r"利用停止",
        ),
    ),
    (
        "5.3.4",
        _re(
            r"message (?:size|is too|too) (?:large|big|exceeds)",
            r"message size exceeds",
            r"メッセージサイズが",
            r"添付ファイルが大きすぎ",
            r"size limit exceeded",
        ),
    ),
    (
        "5.1.1",
        _re(
            r"user unknown",
            r"unknown user",
            r"no such (?:user|mailbox|recipient|address)",
            r"no mailbox here by that",
            r"does ?n[o']t (?:have|exist)",
            r"does not exist",
            r"recipient (?:address )?rejected",
            r"invalid recipient",
            r"address not found",
            r"address couldn't be found",
            r"mailbox not found",
            r"unrouteable address",
            r"user (?:is )?not found",
            r"recipient unknown",
            r"no account",
            r"アドレス不明",
            r"見つから(?:ない|なかった)",
            r"見つかりません",
            r"(?:宛先|あて先|宛名|アドレス|ユーザ(?:ー)?|メールボックス).{0,12}(?:存在し(?:ません|ない)|不明|間違)",
            r"invalid mailbox",
            r"not a valid (?:user|mailbox)",
        ),
    ),
    (
        "5.7.1",
        _re(
            r"blocked",
            r"spam",
            r"blacklist",
            r"denied",
            r"policy",
            r"not authorized",
            r"unauthenticated",
            r"rejected by",
            r"受信(?:を)?拒否",
            r"拒否(?:され|設定|しました)",
            r"迷惑メール",
            r"ブロックされ",
            r"なりすまし",
        ),
    ),
    (
        "4.4.7",
        _re(
            r"retry time(?:out)? (?:not reached|exceeded)",
            r"too long in (?:the )?queue",
            r"message expired",
            r"delivery (?:time )?expired",
        ),
    ),
    ("5.4.4", _re(r"unable to route", r"no route to host", r"cannot find your hostname", r"経路が見つかり")),
    (
        "4.4.1",
        _re(
            r"connection (?:timed out|refused)",
            r"no answer from host",
            r"接続(?:でき|がタイムアウト|を拒否)",
            r"timed? ?out",
        ),
    ),
    ("5.4.6", _re(r"too many hops", r"mail (?:forwarding )?loop", r"loops back to")),
)
DELAYED = _re(
    r"has (?:not yet been|been) delayed",
    r"delivery .{0,30}delayed",
    r"will (?:be retried|keep trying|continue to)",
    r"this is a warning message only",
    r"do(?:es)? not need to resend",
    r"遅延してい",
    r"再送(?:を試み|信を続け|します)",
    r"配信が遅れて",
    r"配信を(?:試み|続け)",
    r"not yet been delivered",
    r"まだ(?:配信|配送|配達)されて",
)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])[0-5]\d[ -](?=\S)")


def reason(status: str) -> str:
    """The sentence for a status such as "5.1.1"; one for its kind, else a general one."""
    found = _STATUS.fullmatch(status.strip())
    if not found:
        return UNKNOWN
    subject, detail = str(int(found[2])), str(int(found[3]))
    if sentence := REASONS.get(f"{subject}.{detail}"):
        return sentence
    return REASONS.get(_CLASSES.get(subject, ""), UNKNOWN)


def status_said(text: str) -> str:
    """The status that a text tells: its code, or what its words mean if that says nothing ("5.0.0"); "" if none."""
    coded = next((f"{m[1]}.{int(m[2])}.{int(m[3])}" for m in _STATUS.finditer(text)), "")
    if coded and not coded.endswith(".0.0"):
        return coded
    said = next((status for status, pattern in SAID if pattern.search(text)), "")
    if said:
        kind = coded[:1] or next((m[1] for m in _REPLY.finditer(text)), said[0])
        return f"{kind}{said[1:]}"
    return coded or next((f"{m[1]}.0.0" for m in _REPLY.finditer(text)), "")


def is_delayed(text: str) -> bool:
    return bool(DELAYED.search(text))
