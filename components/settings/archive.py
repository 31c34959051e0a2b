"""The settings of the archive: whether it is on, what it costs, how often and how much it keeps."""

from typing import Annotated

from pydantic import Field, SecretStr

from components.settings import types
from components.settings.fields import Change, Group, setting


class ArchiveSettings(Group):
    """Every change as it is made, beside the sets: the way back to any second."""

    enabled: bool = setting(
        False,
        "Whether the server's changes are archived as they are made, encrypted.",
        allowed="true or false",
        example="true",
        change=Change.SERVER,
    )
    image: types.OptionalTools = setting(
        "",
        "Image of what works with the archive: made from postgres.image, with pgBackRest in it.",
        allowed=types.TOOLS,
        example="localhost/brewget/tools:16.15",
        change=Change.SERVER,
    )
    synchronous: bool = setting(
        False,
        "Whether a commit waits until it is archived: none is lost, for half of the throughput.",
        allowed="true or false",
        example="true",
        change=Change.SERVER,
    )
    keep: types.Fulls = setting(
        2,
        "Full backups that stay in the store, with all that builds on them.",
        allowed=types.FULLS,
        example="2",
        change=Change.IN_PLACE,
    )
    full_hours: types.Hours = setting(
        168,
        "Hours from one full backup to the next.",
        allowed=types.HOURS,
        example="168",
        change=Change.SERVER,
    )
    diff_hours: types.Hours = setting(
        24,
        "Hours from one backup of what has changed since the full one to the next.",
        allowed=types.HOURS,
        example="24",
        change=Change.SERVER,
    )
    incr_hours: types.Hours = setting(
        6,
        "Hours from one backup of what has changed since any to the next.",
        allowed=types.HOURS,
        example="6",
        change=Change.SERVER,
    )
    passphrase: types.Passphrase = setting(
        SecretStr(""),
        "Of the repository in the store, set with --secret; empty generates one and keeps it.",
        allowed=types.PASSPHRASE,
        example="--path --secret archive.passphrase",
        change=Change.IN_PLACE,
    )


class OffsiteSettings(Group):
    """A second repository of the archive, on another machine, and copies of sets beside it."""

    kind: types.OffsiteKind = setting(
        types.OffsiteKind.NONE,
        "What holds the repository off this machine; empty: there is none.",
        allowed="s3, gcs, azure or sftp",
        example="s3",
        change=Change.SERVER,
    )
    bucket: types.OptionalBucket = setting(
        "",
        "The bucket (s3, gcs) or container (azure), which is there already.",
        allowed="the name of a bucket or container",
        example="brewget-archive",
        change=Change.IN_PLACE,
    )
    endpoint: types.OptionalEndpoint = setting(
        "",
        "Host of the store or server, always reached encrypted; of gcs and azure only where it is "
        "not theirs.",
        allowed="a host name or address, without https:// and without a port",
        example="s3.eu-central-1.amazonaws.com",
        change=Change.IN_PLACE,
    )
    port: Annotated[int, Field(ge=0, le=65_535)] = setting(
        0,
        "Port of the endpoint; 0: the usual one.",
        allowed="a whole number from 0 to 65535",
        example="9000",
        change=Change.IN_PLACE,
    )
    region: types.Nonce = setting(
        "",
        "Region of the bucket (s3).",
        allowed=types.WORD,
        example="eu-central-1",
        change=Change.IN_PLACE,
    )
    uri_style: types.UriStyle = setting(
        types.UriStyle.HOST,
        "Where an address has the bucket (s3) or account (azure): in its host or in its path.",
        allowed="host or path",
        example="path",
        change=Change.IN_PLACE,
    )
    path: types.AbsolutePath = setting(
        "/brewget",
        "Path of the repository in the bucket or on the server: each stack has its own.",
        allowed="an absolute path without '.', '..' and doubled or closing '/'",
        example="/brewget",
        change=Change.IN_PLACE,
    )
    user: types.Nonce = setting(
        "",
        "Who logs in (sftp).",
        allowed=types.WORD,
        example="backup",
        change=Change.IN_PLACE,
    )
    host_key: types.OptionalFingerprint = setting(
        "",
        "Fingerprint of the server's key (sftp).",
        allowed="SHA256:… as ssh-keygen -l prints it",
        example="SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        change=Change.IN_PLACE,
    )
    secret: types.OptionalHost = setting(
        "",
        "A Secret with the credentials, each under the name of its option in pgBackRest.",
        allowed="the name of a Secret in the namespace",
        example="offsite",
        change=Change.SERVER,
    )
    own_ca: bool = setting(
        False,
        "Whether the endpoint's certificate is from a CA of your own: ca.crt in that Secret.",
        allowed="true or false",
        example="true",
        change=Change.SERVER,
    )
    passphrase: types.Passphrase = setting(
        SecretStr(""),
        "Of this repository, set with --secret; empty generates one and keeps it.",
        allowed=types.PASSPHRASE,
        example="--path --secret offsite.passphrase",
        change=Change.IN_PLACE,
    )
    keep: types.Fulls = setting(
        2,
        "Full backups that stay there, with all that builds on them.",
        allowed=types.FULLS,
        example="2",
        change=Change.IN_PLACE,
    )
    sets: bool = setting(
        False,
        "Whether the newest verified set is copied there each day too, by restic.",
        allowed="true or false",
        example="true",
        change=Change.SERVER,
    )
    keep_sets: Annotated[int, Field(ge=0, le=10_000)] = setting(
        30,
        "Copies of sets that stay there; 0: none is ever removed.",
        allowed="a whole number from 0 to 10000",
        example="30",
        change=Change.IN_PLACE,
    )
