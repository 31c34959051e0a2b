"""The settings of the server."""

from pydantic import SecretStr

from components.settings import types
from components.settings.fields import Change, Group, setting
from components.settings.tls import TlsSettings

IMAGE = "postgres:16.15-alpine"


class Resources(Group):
    """CPU is requested and not limited: a limit would slow a restore on an idle machine."""

    cpu: types.Cpu = setting(
        "100m", "CPU requested.", allowed="a number of cores", example="250m", change=Change.SERVER
    )
    memory: types.Memory = setting(
        "512Mi",
        "Memory requested, which is also the limit.",
        allowed=types.MEMORY,
        example="512Mi",
        change=Change.SERVER,
    )


class PostgresSettings(Group):
    """The server."""

    image: types.Image = setting(
        IMAGE,
        "Image of server, backup, restore and verification.",
        allowed="an image of PostgreSQL 16, 17 or 18 with a tag or a digest",
        example=IMAGE,
        change=Change.SERVER,
    )
    engine: types.Engine = setting(
        types.Engine.STATEFULSET,
        "What runs the server: this program (statefulset), or others (external).",
        allowed="statefulset or external",
        example="external",
        change=Change.REFUSED,
    )
    upgrade_from: types.OptionalImage = setting(
        "",
        "For a change to a newer major version: the image that the data was made with.",
        allowed="an image of an older major version than postgres.image, with a tag",
        example=IMAGE,
        change=Change.SERVER,
    )
    databases: types.Databases = setting(
        ("brewget_auth", "brewget_settings"),
        "Application databases; each is owned by a login role of the same name.",
        allowed="different names of a-z, 0-9 and _, beginning with a letter, up to 50 characters",
        example="--path 'postgres.databases[0]' brewget_auth",
        change=Change.SERVER,
    )
    data_size: types.VolumeSize = setting(
        "1Gi",
        "Size of the data claim.",
        allowed=types.VOLUME_SIZE,
        example="2Gi",
        change=Change.GROWS,
    )
    storage_class: types.OptionalHost = setting(
        "",
        "StorageClass of the data claim; empty takes the cluster's default.",
        allowed="the name of a StorageClass",
        example="standard",
        change=Change.REFUSED,
    )
    resources: Resources = Resources()
    password: types.Password = setting(
        SecretStr(""),
        "The superuser's password, set with --secret; empty generates one and keeps it.",
        allowed="a secret of up to 200 printable characters",
        example="--path --secret postgres.password",
        change=Change.SERVER,
    )
    password_generation: types.Nonce = setting(
        "",
        "A new value makes new passwords for all roles whose password is generated.",
        allowed=types.WORD,
        example="2",
        change=Change.SERVER,
    )
    clients: types.Clients = setting(
        types.Clients.LABELLED,
        "Who may connect: pods labelled brewget.dev/postgres-client=true, the namespace, anyone.",
        allowed="labelled, namespace or anyone",
        example="labelled",
        change=Change.IN_PLACE,
    )
    tls: TlsSettings = TlsSettings()
