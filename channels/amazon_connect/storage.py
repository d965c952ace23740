"""Files in Amazon S3, fetched by an address that is signed ahead: AWS Signature Version 4 in the query
(https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html)."""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote

import httpx2

from channels.amazon_connect.settings import ConnectSettings
from channels.base import Context
from channels.downloading import body_of, download
from channels.outbound import ChannelError
from channels.outcome import asked_to_wait, refusal

LIMIT = 100_000_000  # bytes of a recording
LASTS = 300  # seconds an address is good for
NO_KEYS = "To fetch recordings, enter the region and the access key in the channel's settings."
REFUSED = "Amazon S3 does not accept the access key, or it may not read this file."
ABSENT = "Amazon S3 does not have this file."
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SCHEME = "AWS4-HMAC-SHA256"


def has_keys(settings: ConnectSettings) -> bool:
    """Whether files can be fetched."""
    return bool(settings.region and settings.access_key and settings.secret_key)


def file(settings: ConnectSettings, http: httpx2.Client, context: Context, place: str) -> bytes:
    """What lies at `place`, "bucket/key" as contact records tell it. Raises `ChannelError`."""
    if not has_keys(settings):
        raise ChannelError(NO_KEYS, permanent=True)
    host, path = _address(settings.region, place)
    url = signed(
        host, path, settings.region, settings.access_key, settings.secret_key, datetime.now(UTC), LASTS
    )
    answer = download(http, context, url, LIMIT, (_domain(settings.region),))
    found = body_of(answer)
    if found is not None:
        return found
    if answer.status == 404:
        raise ChannelError(ABSENT, permanent=True)
    if answer.status in (400, 401, 403):
        raise ChannelError(REFUSED, permanent=True)
    raise refusal(answer.status, asked_to_wait(answer.headers))


def signed(
    host: str, path: str, region: str, access_key: str, secret_key: str, at: datetime, lasts: int
) -> str:
    """The address at which S3 hands out the file of `path` until `lasts` seconds after `at`."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    told = {
        "X-Amz-Algorithm": _SCHEME,
        "X-Amz-Credential": f"{access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(lasts),
        "X-Amz-SignedHeaders": "host",
    }
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(told.items()))
    request = "\n".join(("GET", quote(path), query, f"host:{host}\n", "host", _UNSIGNED))
    wanted = "\n".join((_SCHEME, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return f"https://{host}{quote(path)}?{query}&X-Amz-Signature={_mac(key, wanted).hex()}"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _address(region: str, place: str) -> tuple[str, str]:
    """Host and path. A bucket with dots in its name is no name that TLS knows: it stands in the path."""
    bucket, _, key = place.partition("/")
    if not bucket or not key:
        raise ChannelError(ABSENT, detail=place, permanent=True)
    domain = _domain(region)
    return (domain, f"/{bucket}/{key}") if "." in bucket else (f"{bucket}.{domain}", f"/{key}")


def _domain(region: str) -> str:
    return f"s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
