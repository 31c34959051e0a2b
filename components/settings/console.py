"""The settings of the console: whether it runs, who may use it, whom it notifies."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from components.settings import types
from components.settings.fields import Change, Group, setting

VERSION = "0.1.0"
IMAGE = f"localhost/brewget/console:{VERSION}"

_LONGEST = 4000


def _networks(text: str) -> str:
    for word in text.split():
        ipaddress.ip_network(word)
    return " ".join(text.split())


def _urls(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) > _LONGEST:
        raise ValueError(f"it has {len(text)} characters")
    if any("://" not in word for word in text.split()):
        raise ValueError("one of them is not a URL")
    return secret


def _url(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if text and not re.fullmatch(rf"https?://[!-~]{{1,{_LONGEST}}}", text):
        raise ValueError("it is not an http:// or https:// URL")
    return secret


Image = Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9._:/@-]{0,254}$")]
Header = Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9-]{0,63})?$")]
Networks = Annotated[str, AfterValidator(_networks)]
Urls = Annotated[SecretStr, AfterValidator(_urls)]
Url = Annotated[SecretStr, AfterValidator(_url)]


class ConsoleSettings(Group):
    """A page, metrics and notifications about the backups."""

    enabled: bool = setting(
        False,
        "Whether the console runs: a page, metrics and notifications about the backups.",
        allowed="true or false",
        example="true",
        change=Change.IN_PLACE,
    )
    image: Image = setting(
        IMAGE,
        "Image of the console; `make up` builds the default one.",
        allowed="an image",
        example=IMAGE,
        change=Change.CONSOLE,
    )
    memory: types.Memory = setting(
        "128Mi",
        "Memory requested, which is also the limit.",
        allowed=types.MEMORY,
        example="128Mi",
        change=Change.CONSOLE,
    )
    token_generation: types.Nonce = setting(
        "",
        "A new value makes a new token to log in with.",
        allowed=types.WORD,
        example="2",
        change=Change.IN_PLACE,
    )
    proxy_header: Header = setting(
        "",
        "Header in which an authenticating proxy names the user.",
        allowed="a header's name",
        example="X-Forwarded-Email",
        change=Change.CONSOLE,
    )
    proxy_addresses: Networks = setting(
        "",
        "Networks from which that header is believed, separated by blanks.",
        allowed="addresses and networks such as 10.244.0.0/16",
        example="10.244.3.7",
        change=Change.CONSOLE,
    )
    notify_urls: Urls = setting(
        SecretStr(""),
        "Apprise URLs to notify, separated by blanks, set with --secret.",
        allowed="URLs as Apprise knows them, up to 4000 characters",
        example="--path --secret console.notifyUrls",
        change=Change.CONSOLE,
    )
    notify_success: bool = setting(
        False,
        "Whether each backup that was verified is notified too.",
        allowed="true or false",
        example="true",
        change=Change.CONSOLE,
    )
    digest: types.Digest = setting(
        types.Digest.OFF,
        "Whether a summary is notified each Monday at 07:00 UTC, be things good or bad.",
        allowed="off or weekly",
        example="weekly",
        change=Change.CONSOLE,
    )
    heartbeat_url: Url = setting(
        SecretStr(""),
        "URL requested once a minute while nothing is wrong, set with --secret; the monitoring "
        "service behind it alerts when the requests stop.",
        allowed="a URL with http:// or https://, without blanks",
        example="--path --secret console.heartbeatUrl",
        change=Change.CONSOLE,
    )
    prometheus_operator: bool = setting(
        False,
        "Whether the Prometheus operator gets a ServiceMonitor and a PrometheusRule, and Grafana's "
        "sidecar the dashboard.",
        allowed="true or false",
        example="true",
        change=Change.IN_PLACE,
    )


def conflicts(console: ConsoleSettings) -> Iterator[str]:
    """Its settings that make no sense together, each as one sentence with the way out."""
    for key, value in (
        ("notifySuccess", "true" if console.notify_success else ""),
        ("digest", f"'{console.digest}'" if console.digest is not types.Digest.OFF else ""),
    ):
        if value and not console.notify_urls.get_secret_value():
            yield (
                f"console.{key} is {value}, but console.notifyUrls is not set and nobody would "
                "hear of it. Example: pulumi config set --path --secret console.notifyUrls "
                "json://hook.example"
            )
    if bool(console.proxy_header) != bool(console.proxy_addresses):
        given, missing, example = (
            ("console.proxyHeader", "console.proxyAddresses", "10.244.3.7")
            if console.proxy_header
            else ("console.proxyAddresses", "console.proxyHeader", "X-Forwarded-Email")
        )
        yield (
            f"{given} is set, but {missing} is not, and a header that anyone may send identifies "
            f"nobody. Example: pulumi config set --path {missing} {example}"
        )
