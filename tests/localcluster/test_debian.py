"""Debian's packages by the names that a release has for them."""

from pathlib import Path

import pytest

from localcluster import console_image, postgres_image, preflight
from toolchain import packages
from toolchain.packages import Need


@pytest.mark.parametrize(
    ("release", "names", "python"),
    [
        ("bookworm", {"libssl3", "libreadline8", "libicu72"}, "python3.11"),
        # OpenSSL's older ciphers, for pgcrypto, have a package of their own there.
        ("trixie", {"libssl3t64", "libreadline8t64", "openssl-provider-legacy"}, "python3.13"),
    ],
)
def test_a_releases_own_names_are_found(
    release: str, names: set[str], python: str, tmp_path: Path
) -> None:
    lists = packages.lists_of(release, tmp_path)

    server = packages.resolve(postgres_image.PACKAGES, tmp_path, lists)
    console = packages.resolve(console_image.PACKAGES, tmp_path, lists)
    machine = packages.resolve(sorted({x.package for x in preflight.NEEDS}), tmp_path, lists)

    assert names | {"libc6", "tzdata", "libcom-err2"} <= set(server)
    assert console_image.python_of(console) == python
    assert {f"lib{python}-stdlib", "busybox-static"} <= set(console)
    assert {"containerd", "runc", "containernetworking-plugins"} <= set(machine)


def test_what_is_installed_is_said_with_what_it_is_for() -> None:
    needs = (Need("one", "/no/such"), Need("two", "sh"), Need("one", "no-such-program"))

    assert packages.reasons(needs) == "one (/no/such, no-such-program)"
