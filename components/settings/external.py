"""The settings of a server that others run: how it is reached, and which databases are saved."""

from typing import Annotated

from pydantic import Field, SecretStr

from components.settings import types
from components.settings.fields import Change, Group, setting


class ExternalSettings(Group):
    """The server that is saved where postgres.engine is external."""

    host: types.OptionalServer = setting(
        "",
        "Name of the server, as its certificate has it.",
        allowed="a host name or address, without a port",
        example="db.example.com",
        change=Change.IN_PLACE,
    )
    port: Annotated[int, Field(ge=1, le=65_535)] = setting(
        5432,
        "Port of the server.",
        allowed="a whole number from 1 to 65535",
        example="5432",
        change=Change.IN_PLACE,
    )
    user: types.OptionalRole = setting(
        "",
        "Role that saves and restores; it need not be a superuser.",
        allowed="the name of a role",
        example="admin",
        change=Change.IN_PLACE,
    )
    password: types.Password = setting(
        SecretStr(""),
        "The role's password, set with --secret, for which a Secret is made.",
        allowed="a secret of up to 200 printable characters",
        example="--path --secret external.password",
        change=Change.IN_PLACE,
    )
    secret: types.OptionalHost = setting(
        "",
        "In its place: a Secret of yours that has it under the key password.",
        allowed="the name of a Secret in the namespace",
        example="server-admin",
        change=Change.IN_PLACE,
    )
    sslmode: types.SslMode = setting(
        types.SslMode.VERIFY_FULL,
        "How sure a connection is of the server: its certificate and name; its CA; encrypted only; "
        "not even that.",
        allowed="verify-full, verify-ca, require or disable",
        example="verify-full",
        change=Change.IN_PLACE,
    )
    ca: types.OptionalCertificates = setting(
        "",
        "The CA's certificate; empty: those that the image knows.",
        allowed="certificates as PEM",
        example="--path external.ca < ca.crt",
        change=Change.IN_PLACE,
    )
    databases: types.DatabaseNames = setting(
        (),
        "Databases that are saved; empty: all that the role may connect to.",
        allowed="different names of databases",
        example="--path 'external.databases[0]' shop",
        change=Change.IN_PLACE,
    )
    roles_except: types.RolePatterns = setting(
        (),
        "Roles of a provider or an operator that no set holds; * stands for anything.",
        allowed="different names of roles without blanks, in which * stands for anything",
        example="--path 'external.rolesExcept[0]' 'cnpg_*'",
        change=Change.IN_PLACE,
    )
