"""Call detail records: the rows that Asterisk and FreePBX write of a call that is over, many of one call
(https://docs.asterisk.org/Configuration/Reporting/Call-Detail-Records-CDR/).

They come as JSON (one row, a list, or one on each line), or as CSV: with a header, or as Master.csv has it, without.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from channels import telephony
from channels.asterisk.house import House, is_local
from channels.events import Attachment, Call, CallResult, Event, Ignored, Person
from channels.text import clean

Row = Mapping[str, str]

MOST = 100_000  # rows of one request: more do not fit into it
MASTER = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
)
# What `loguniqueid`, `loguserfield` and `newcdrcolumns` of cdr.conf add, by how many columns there are.
_NEW = ("peeraccount", "linkedid", "sequence")
_MORE: Mapping[int, Sequence[str]] = {
    16: (),
    17: ("uniqueid",),
    18: ("uniqueid", "userfield"),
    19: _NEW,
    20: ("uniqueid", *_NEW),
    21: ("uniqueid", "userfield", *_NEW),
}
# The same fields in the event Cdr of the manager interface.
_OF_EVENT = {
    "source": "src",
    "destination": "dst",
    "destinationcontext": "dcontext",
    "callerid": "clid",
    "destinationchannel": "dstchannel",
    "lastapplication": "lastapp",
    "starttime": "start",
    "answertime": "answer",
    "endtime": "end",
    "billableseconds": "billsec",
}
DISPOSITIONS: Mapping[str, CallResult] = {
    "ANSWERED": "answered",
    "NO ANSWER": "missed",
    "NOANSWER": "missed",
    "BUSY": "busy",
    "FAILED": "failed",
    "CONGESTION": "failed",
    "CANCEL": "abandoned",
}
_BEST: Sequence[CallResult] = ("answered", "voicemail", "abandoned", "missed", "busy", "failed", "")
_VOICEMAIL = ("voicemail", "minivm")
_VOICEMAIL_BOX = re.compile(r"vm[bsui]?\d+")
_CLID = re.compile(r'\s*"?(?P<name>[^"<]*)"?\s*(?:<(?P<number>[^>]*)>)?')
_FILE_DAY = re.compile(r"-(20\d\d)([01]\d)([0-3]\d)-")


def table(text: str) -> list[Row]:
    """The rows of a CSV. Rows of no known width are left out. Raises csv.Error where it cannot be read."""
    lines = list(csv.reader(io.StringIO(clean(text)), strict=False))[: MOST + 1]
    lines = [line for line in lines if any(line)]
    if lines and {"src", "dst"} <= {name.strip().lower() for name in lines[0]}:
        names = [name.strip().lower() for name in lines[0]]
        return [dict(zip(names, line, strict=False)) for line in lines[1:]]
    return [
        dict(zip((*MASTER, *_MORE[len(line)]), line, strict=True)) for line in lines if len(line) in _MORE
    ]


def row(told: Mapping[str, object]) -> Row:
    """A row, or an event Cdr, by the names of the table; whatever is no plain value is left out."""
    found: dict[str, str] = {}
    for name, value in list(told.items())[:100]:
        known = _OF_EVENT.get(name.lower(), name.lower())
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found[known] = clean(str(value)[:4000])
    return found


def is_row(told: Mapping[str, str]) -> bool:
    return "disposition" in told and ("src" in told or "dst" in told)


def read(rows: Iterable[Row], house: House) -> list[Event]:
    """One call for all the rows of each. Total."""
    calls: dict[str, list[Row]] = {}
    for each in rows:
        calls.setdefault(_id(each), []).append(each)
    return [_call(id, sorted(parts, key=_place), house) for id, parts in calls.items()]


def _call(id: str, parts: Sequence[Row], house: House) -> Event:
    first = next((one for one in parts if not is_local(one.get("channel", ""))), parts[0])
    caller = house.extension(first.get("channel", "")) or _if_inside(first, house)
    did = next((one["did"] for one in parts if one.get("did", "").strip()), "")
    if caller and not did:
        number = first.get("dst", "").strip()
        if house.is_inside(number) or not telephony.is_number(number):
            return Ignored("a call between colleagues")
        return _made(id, parts, caller, telephony.party(number), _line(first, house), house, out=True)
    return _made(id, parts, "", _caller(first), did, house, out=False)


def _if_inside(one: Row, house: House) -> str:
    """The extension that called, where no channel tells."""
    number = one.get("cnum") or one.get("src", "")
    return number.strip() if not one.get("channel") and house.is_inside(number) else ""


def _made(
    id: str,
    parts: Sequence[Row],
    caller: str,
    who: tuple[Person, str],
    line: str,
    house: House,
    *,
    out: bool,
) -> Call:
    outcomes = [_outcome(one, house, out) for one in parts]
    best = min(range(len(parts)), key=lambda at: _BEST.index(outcomes[at]))
    talks = [one for one, result in zip(parts, outcomes, strict=True) if result == "answered"]
    times = [_times(one, house) for one in parts]
    answers = [at for one in talks if (at := _times(one, house)[1]) is not None]
    starts, ends = [at[0] for at in times if at[0]], [at[2] for at in times if at[2]]
    ended = max(ends, default=None)
    person, withheld = who
    talked = sum(telephony.seconds(one.get("billsec")) or 0 for one in talks)
    return Call(
        external_id=id,
        sender=person,
        state="ended",
        at=ended or max(starts, default=None),
        withheld=withheld,
        direction="out" if out else "in",
        line=line[: telephony.MAX_NUMBER],
        agent=caller
        or next((ext for one in talks if (ext := house.extension(one.get("dstchannel", "")))), ""),
        queue=next((name for one in parts if (name := _queue(one))), ""),
        leg=_leg(parts[best]),
        started_at=min(starts, default=None),
        answered_at=min(answers, default=None),
        ended_at=ended,
        talk_seconds=min(talked, telephony.LONGEST) if talks else None,
        result=outcomes[best],
        recording=next((file for one in parts if (file := _recording(one, house))), None),
        raw=telephony.plain(parts[best], "disposition", "uniqueid", "lastapp", "userfield", "recordingfile"),
    )


def _outcome(one: Row, house: House, out: bool) -> CallResult:
    """What a row says became of the call: of one that came in, it is answered when a telephone of ours took it, not
    when a menu or an announcement did."""
    result = DISPOSITIONS.get(one.get("disposition", "").strip().upper(), "")
    if out or result != "answered":
        return result
    app = one.get("lastapp", "").strip().lower()
    if app in _VOICEMAIL or _VOICEMAIL_BOX.fullmatch(one.get("dst", "").strip().lower()):
        return "voicemail"
    if one.get("dstchannel", "").strip():
        return "answered"
    return "abandoned" if app == "queue" else "missed"


def _caller(one: Row) -> tuple[Person, str]:
    shown = _CLID.match(one.get("clid", ""))
    name = one.get("cnam") or (shown["name"] if shown else "")
    number = one.get("cnum") or one.get("src") or (shown["number"] if shown and shown["number"] else "")
    return telephony.party(number, name)


def _line(one: Row, house: House) -> str:
    """The number of ours that was shown."""
    told = one.get("outbound_cnum") or one.get("src", "")
    return "" if house.is_inside(told) else told.strip()


def _queue(one: Row) -> str:
    if one.get("lastapp", "").strip().lower() == "queue":
        return one.get("lastdata", "").partition(",")[0].strip()[: telephony.MAX_NAME]
    grouped = one.get("dcontext", "").strip() in ("ext-queues", "ext-group")
    return one.get("dst", "").strip()[: telephony.MAX_NAME] if grouped else ""


def _recording(one: Row, house: House) -> Attachment | None:
    """By the name that FreePBX gives it, in the folder of its day."""
    name = one.get("recordingfile", "").strip().rpartition("/")[2][:300]
    begun = _times(one, house)[0]
    if not name or not house.recordings or begun is None:
        return None
    found = _FILE_DAY.search(name)
    day = "/".join(found.groups()) if found else begun.astimezone(house.zone).strftime("%Y/%m/%d")
    kind = "audio/mpeg" if name.endswith(".mp3") else "audio/x-wav"
    return Attachment(name, kind, url=f"{house.recordings.rstrip('/')}/{day}/{quote(name)}")


def _times(one: Row, house: House) -> tuple[datetime | None, datetime | None, datetime | None]:
    """(begun, answered, ended), from whichever of the columns there are."""
    start = telephony.when(one.get("start") or one.get("calldate"), house.zone)
    length, talk = telephony.seconds(one.get("duration")), telephony.seconds(one.get("billsec"))
    end = telephony.when(one.get("end"), house.zone)
    if end is None and start is not None and length is not None:
        end = start + timedelta(seconds=length)
    answer = telephony.when(one.get("answer"), house.zone)
    if answer is None and end is not None and talk:
        answer = end - timedelta(seconds=talk)
    return start, answer, end


def _id(one: Row) -> str:
    """The call a row belongs to; a row that names none is a call of its own."""
    told = (one.get("linkedid") or one.get("uniqueid") or "").strip()
    if told:
        return told[: telephony.MAX_ID]
    said = "|".join(one.get(name, "") for name in ("start", "calldate", "src", "dst", "channel", "duration"))
    return "row-" + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:40]


def _leg(one: Row) -> str:
    return ".".join(filter(None, (one.get("uniqueid", "")[:100], one.get("sequence", "")[:20])))


def _place(one: Row) -> tuple[str, int]:
    return one.get("start") or one.get("calldate") or "", telephony.seconds(one.get("sequence")) or 0
