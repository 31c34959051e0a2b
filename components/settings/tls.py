"""The settings of TLS between clients and the server."""

from typing import Annotated

from pydantic import Field

from components.settings import types
from components.settings.fields import Change, Group, setting


class TlsSettings(Group):
    """TLS is always on; `mode` says whether a client may do without."""

    mode: types.TlsMode = setting(
        types.TlsMode.REQUIRED,
        "required refuses TCP connections without TLS; allowed takes both.",
        allowed="required or allowed",
        example="allowed",
        change=Change.SERVER,
    )
    secret_name: types.OptionalHost = setting(
        "",
        "A Secret with tls.crt, tls.key and ca.crt, as cert-manager makes; empty makes one.",
        allowed="the name of a Secret in the namespace",
        example="postgres-certificate",
        change=Change.SERVER,
    )
    generation: types.Nonce = setting(
        "",
        "A new value makes a new CA and a new certificate.",
        allowed=types.WORD,
        example="2",
        change=Change.SERVER,
    )
    validity_days: Annotated[int, Field(ge=7, le=3650)] = setting(
        3650,
        "Days that a certificate is valid; an up in its last third makes the next one.",
        allowed="a whole number from 7 to 3650",
        example="3650",
        change=Change.SERVER,
    )
