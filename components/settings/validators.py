"""What a single setting may hold: pure functions from a text to its checked value.

Each raises ValueError with the reason alone ("the hour is 25, not 0-23"); refusals.py makes the
sentence around it.
"""

import re
import zoneinfo

_BINARY = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Name, lowest, highest, words. Kubernetes counts Sunday as 0 and refuses 7.
_CRON_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, tuple(_MONTHS)),
    ("day of the week", 0, 6, tuple(_DAYS)),
)
_CRON_MACROS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_LONGEST_MONTHS = dict(enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1))

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# registry[:port]/path:tag[@digest], as the container runtimes read it.
_IMAGE = re.compile(
    r"(?P<name>(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d{1,5})?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
MAJORS = (16, 17, 18)
"""PostgreSQL's major versions that the scripts are tested with."""
_DATABASE = re.compile(r"[a-z](?:[a-z0-9_]{0,48}[a-z0-9])?")
_RESERVED = {"postgres", "template0", "template1", "superuser"}
_SET = re.compile(r"backup_\d{8}_\d{6}")
_COMPRESSION = re.compile(r"none|gzip(?::(?P<gzip>[1-9]))?|zstd(?::(?P<zstd>[1-9]|1\d))?")
_PASSWORD_LIMIT = 200


def quantity_bytes(text: str) -> int:
    """Bytes in a Kubernetes memory or storage quantity such as 512Mi."""
    found = re.fullmatch(r"([1-9]\d{0,14})(Ki|Mi|Gi|Ti|)", text, re.ASCII)
    if not found:
        raise ValueError("it is not a whole number with a unit")
    return int(found[1]) * _BINARY[found[2]]


def quantity(text: str, least: str) -> str:
    """`text` when it is a quantity of at least `least`."""
    if quantity_bytes(text) < quantity_bytes(least):
        raise ValueError(f"it is below {least}")
    return text


def cpu(text: str) -> str:
    """A Kubernetes CPU quantity such as 250m or 2."""
    found = re.fullmatch(r"([1-9]\d{0,4})m|([1-9]\d{0,2})(\.\d)?|0\.[1-9]\d?", text, re.ASCII)
    if not found:
        raise ValueError("it is not a number of cores")
    return text


def cron(text: str) -> str:
    """A schedule as a CronJob takes it: five fields or a macro such as @hourly."""
    if "TZ=" in text:
        raise ValueError("it names a time zone, which belongs in backup.timeZone")
    if text in _CRON_MACROS:
        return text
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError(f"it has {len(fields)} fields, not {len(_CRON_FIELDS)}")
    _, _, days, months, _ = [
        {value for item in field.split(",") for value in _cron_item(item, *bounds)}
        for field, bounds in zip(fields, _CRON_FIELDS, strict=True)
    ]
    # Kubernetes takes a day of the week as an alternative to the day of the month, unless one of
    # both is a star. A star with a step does not count as one.
    is_any_weekday = any(re.fullmatch(r"[*?](/0*1)?", item) for item in fields[-1].split(","))
    if is_any_weekday and min(days) > max(_LONGEST_MONTHS[month] for month in months):
        raise ValueError("that day never comes")
    return text


def _cron_item(item: str, name: str, low: int, high: int, words: tuple[str, ...]) -> range:
    span, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        raise ValueError(f"the {name} has the step {step!r}")
    every = int(step) if slash else 1
    if span in {"*", "?"}:
        return range(low, high + 1, every)
    first, dash, last = span.partition("-")
    ends = [_cron_number(end, name, low, high, words) for end in (first, last)[: 2 if dash else 1]]
    if ends != sorted(ends):
        raise ValueError(f"the {name} runs backwards: {span}")
    # "5/15" goes on to the end, "5" does not.
    return range(ends[0], (high if slash and not dash else ends[-1]) + 1, every)


def _cron_number(text: str, name: str, low: int, high: int, words: tuple[str, ...]) -> int:
    if text.lower() in words:
        return words.index(text.lower()) + low
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise ValueError(f"the {name} is {text!r}, not {low}-{high}")
    return int(text)


def time_zone(text: str) -> str:
    """A zone of the IANA time zone database. "Local" means another thing on each machine."""
    if text not in zoneinfo.available_timezones() or text in {"localtime", "Local"}:
        raise ValueError("that zone is not known")
    return text


def dns_label(text: str) -> str:
    """A name that Kubernetes takes for a namespace or a claim."""
    if not _LABEL.fullmatch(text):
        raise ValueError("it is not a DNS label")
    return text


def image(text: str) -> str:
    """An image reference that says which PostgreSQL it is: a known version's tag, or a digest."""
    found = _IMAGE.fullmatch(text)
    if not found:
        raise ValueError("it is not an image reference")
    tag, digest = found["tag"], found["digest"]
    if not digest and tag in {None, "latest"}:
        raise ValueError("it names no version, so a restart could bring another one")
    major = image_major(text)
    if major is not None and major not in MAJORS:
        raise ValueError(f"it is version {major}")
    return text


def tools_image(text: str) -> str:
    """An image of ours made from PostgreSQL's: its tag may be anything that does not move."""
    found = _IMAGE.fullmatch(text)
    if not found:
        raise ValueError("it is not an image reference")
    if not found["digest"] and found["tag"] in {None, "latest"}:
        raise ValueError("it names no version, so a restart could bring another one")
    return text


def image_major(text: str) -> int | None:
    """The major version that an image's tag begins with; None where it says none, as a digest."""
    found = _IMAGE.fullmatch(text)
    major = re.match(r"\d+", found["tag"] or "", re.ASCII) if found else None
    return int(major[0]) if major else None


def database(text: str) -> str:
    """The name of an application database, which is its role's and, with dashes, its Secret's."""
    if not _DATABASE.fullmatch(text):
        raise ValueError(f"{text!r} is not a database name")
    if text in _RESERVED or text.startswith("pg_"):
        raise ValueError(f"{text!r} belongs to PostgreSQL itself")
    if text == "tls":
        raise ValueError("its Secret would be db-tls, which holds the server's certificate")
    return text


def absolute_path(text: str) -> str:
    """A directory on the node, or exported by a server, written in one way only."""
    if not text.startswith("/"):
        raise ValueError("it is not absolute")
    if text == "/":
        raise ValueError("it is the root of the file system")
    if any(part in {"", ".", ".."} for part in text[1:].split("/")):
        raise ValueError("it has an empty part, '.' or '..' in it")
    if not text.isprintable() or ":" in text:
        raise ValueError("it has a ':' or an unprintable character in it")
    return text


def host(text: str) -> str:
    """A DNS name or an IPv4 address."""
    if len(text) > 253 or not all(_LABEL.fullmatch(part) for part in text.split(".")):  # noqa: PLR2004 (RFC 1035)
        raise ValueError("it is not a host name")
    return text


def compression(text: str) -> str:
    """How dumps are compressed: none, gzip or zstd, with or without a level."""
    if not _COMPRESSION.fullmatch(text):
        raise ValueError("that compression is not known")
    return text


def backup_set(text: str) -> str:
    """The name of a set in the store."""
    if not _SET.fullmatch(text):
        raise ValueError("it is not a set's name")
    return text


def restorable(text: str) -> str:
    """A set, or one of the two links that restore.sh follows."""
    return text if text in {"latest", "latest-verified"} else backup_set(text)


def password(text: str) -> str:
    """Any password that fits on one line; PostgreSQL itself takes nothing else from a file."""
    if not text.isprintable() or len(text) > _PASSWORD_LIMIT:
        raise ValueError("it has a line break or another unprintable character, or is too long")
    return text


def nonce(text: str) -> str:
    """A word that only has to differ from the one before."""
    if not re.fullmatch(r"[\w.:+-]{1,64}", text, re.ASCII):
        raise ValueError("it is not a single word")
    return text
