"""The console's pod: the store read-only, its token, a small volume for what was notified."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core

from components.cluster import names
from components.cluster.pods import (
    STORE,
    PodContext,
    as_postgres,
    least_rights,
)
from components.cluster.volumes import claim_volume, empty_volume
from components.settings.backup import VerifySettings
from components.settings.console import ConsoleSettings
from components.settings.recovery import RecoverySettings, seconds
from components.settings.types import Digest

STATE_CLAIM = "postgres-console-state"
STATE = "/state"
SECRETS = "/run/secrets/console"


def spec(
    pods: PodContext, console: ConsoleSettings, name: str, limits: Mapping[str, int]
) -> core.v1.PodSpecArgs:
    """One container with the least rights."""
    return core.v1.PodSpecArgs(
        service_account_name=name,
        # The one pod here that talks to the API.
        automount_service_account_token=True,
        enable_service_links=False,
        security_context=as_postgres(pods.readers),
        containers=[_container(pods, console, limits)],
        volumes=[
            claim_volume("backup", pods.store_claim),
            claim_volume("state", STATE_CLAIM),
            empty_volume("tmp"),
            core.v1.VolumeArgs(
                name="secrets",
                secret=core.v1.SecretVolumeSourceArgs(secret_name=name, default_mode=0o440),
            ),
        ],
    )


def limits(verify: VerifySettings, recovery: RecoverySettings) -> dict[str, int]:
    """Beyond which it warns, for `environment`; of a budget that is not set nothing."""
    budgets = {"RPO": recovery.rpo, "RTO": recovery.rto}
    return {
        "REPEAT_DAYS": verify.repeat_days,
        "SCRUB_DAYS": verify.scrub_days,
        **{f"{name}_SECONDS": seconds(text) for name, text in budgets.items() if text},
    }


def environment(
    pods: PodContext, console: ConsoleSettings, limits: Mapping[str, int]
) -> dict[str, pulumi.Input[str]]:
    """CONSOLE_*, as console/settings.py reads them; of `limits` without that prefix."""
    found: dict[str, pulumi.Input[str]] = {
        "CONSOLE_HOST": "0.0.0.0",  # noqa: S104 (inside its own pod; NetworkPolicy and token guard it)
        "CONSOLE_PORT": str(names.CONSOLE_PORT),
        "CONSOLE_STORE": STORE,
        "CONSOLE_STORE_ID": pods.store_env["BACKUP_STORE_ID"],
        "CONSOLE_NAMESPACE": pods.namespace,
        "CONSOLE_TOKEN_FILE": f"{SECRETS}/token",
        "CONSOLE_STATE": STATE,
        **{f"CONSOLE_{name}": str(value) for name, value in limits.items()},
    }
    if console.proxy_header:
        found["CONSOLE_PROXY_HEADER"] = console.proxy_header
        found["CONSOLE_PROXY_ADDRESSES"] = console.proxy_addresses
    if console.notify_urls.get_secret_value():
        found["CONSOLE_NOTIFY_FILE"] = f"{SECRETS}/urls"
    if console.notify_success:
        found["CONSOLE_NOTIFY_SUCCESS"] = "1"
    if console.digest is not Digest.OFF:
        found["CONSOLE_DIGEST"] = console.digest
    if console.heartbeat_url.get_secret_value():
        found["CONSOLE_HEARTBEAT_FILE"] = f"{SECRETS}/heartbeat"
    return found


def _container(
    pods: PodContext, console: ConsoleSettings, limits: Mapping[str, int]
) -> core.v1.ContainerArgs:
    mounts = {STORE: "backup", STATE: "state", SECRETS: "secrets", "/tmp": "tmp"}  # noqa: S108 (a mount)
    return core.v1.ContainerArgs(
        name=names.CONSOLE,
        image=console.image,
        env=[
            core.v1.EnvVarArgs(name=key, value=value)
            for key, value in sorted(environment(pods, console, limits).items())
        ],
        ports=[core.v1.ContainerPortArgs(name="http", container_port=names.CONSOLE_PORT)],
        security_context=least_rights(),
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": "50m", "memory": console.memory},
            limits={"memory": console.memory},
        ),
        startup_probe=_probe(period=2, failures=60),
        readiness_probe=_probe(period=10, failures=3),
        liveness_probe=_probe(period=20, failures=6),
        volume_mounts=[
            core.v1.VolumeMountArgs(
                mount_path=path, name=volume, read_only=volume in {"backup", "secrets"}
            )
            for path, volume in sorted(mounts.items())
        ],
    )


def _probe(*, period: int, failures: int) -> core.v1.ProbeArgs:
    return core.v1.ProbeArgs(
        http_get=core.v1.HTTPGetActionArgs(path="/healthz", port=names.CONSOLE_PORT),
        period_seconds=period,
        failure_threshold=failures,
        timeout_seconds=5,
    )
