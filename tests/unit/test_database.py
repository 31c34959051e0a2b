"""The server, its Service, its claim, and who may connect."""

import pulumi
import pytest

from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder


def test_the_service_selects_the_server_and_nothing_else(stack: Recorder) -> None:
    selector = stack.one("Service", "db")["spec"]["selector"]
    matching = {
        name
        for name, pod in stack.pods().items()
        if selector.items() <= pod["metadata"]["labels"].items()
    }
    assert matching == {"postgres"}
    server = stack.one("StatefulSet")["spec"]
    assert (
        server["selector"]["matchLabels"].items()
        <= server["template"]["metadata"]["labels"].items()
    )
    assert server["serviceName"] == "db"


def test_only_labelled_clients_and_the_jobs_reach_the_server(stack: Recorder) -> None:
    policy = stack.one("NetworkPolicy")["spec"]
    (rule,) = policy["ingress"]
    (peer,) = rule["from"]
    needed = peer["podSelector"]["matchLabels"].items()
    assert peer["namespaceSelector"] == {}
    assert rule["ports"] == [{"port": 5432}]
    assert policy["podSelector"]["matchLabels"] == {"app": "postgres"}
    for name in ("postgres-backup", "postgres-backup-verify"):
        assert needed <= stack.pods()[name]["metadata"]["labels"].items()


def test_anyone_may_connect_without_a_policy(deploy: Deploy) -> None:
    assert deploy(config={"postgres.clients": "anyone"}).all("NetworkPolicy") == []


def test_everything_of_the_last_backup_outlives_the_server(stack: Recorder) -> None:
    """`destroy` runs the hook while the server is deleted: a Job that mounts what its pod mounts."""
    server = stack.one("StatefulSet")
    assert server.hooks["beforeDelete"] == ["last-backup"]
    needed = stack.urns("PersistentVolumeClaim", "Secret", "Service", "NetworkPolicy")
    needed |= {stack.one("ConfigMap", "postgres-backup-scripts").urn}
    assert needed <= set(server.depends_on)


def test_another_class_of_the_data_claim_is_refused(deploy: Deploy) -> None:
    """Pulumi would delete the claim to make another: the data, without a last set."""
    with pytest.raises(pulumi.RunError, match="storageClass is now 'fast'") as refused:
        deploy(config={"postgres.storageClass": "fast"}, stashed={"postgres-data-class": "slow"})
    assert "pulumi destroy --run-program" in str(refused.value)
    assert "pulumi config set --path postgres.storageClass 'slow'" in str(refused.value)


def test_a_long_restore_is_awaited(deploy: Deploy) -> None:
    ready = deploy(config={"startup.timeout": "7200"}).one("Command", "postgres-ready")
    assert ready.timeouts == {"create": "7260s", "update": "7260s"}
    assert ready["create"].endswith(" postgres 7200")


def test_what_a_start_may_do_reaches_its_scripts(deploy: Deploy) -> None:
    config = {"startup.strict": "true", "startup.accept": "server-settings other-version"}
    (first,) = deploy(config=config).pods()["postgres"]["spec"]["initContainers"]
    env = {x["name"]: x["value"] for x in first["env"]}
    assert env["STARTUP_STRICT"] == "1"
    assert env["STARTUP_ACCEPT"] == "server-settings"


def test_a_start_is_not_strict_unless_told(stack: Recorder) -> None:
    (first,) = stack.pods()["postgres"]["spec"]["initContainers"]
    assert {"name": "STARTUP_STRICT", "value": ""} in first["env"]


def test_the_server_asks_for_no_huge_pages(stack: Recorder) -> None:
    """The pod is given none; where the node has some, a server that tries dies of a bus error."""
    (server,) = stack.pods()["postgres"]["spec"]["containers"]
    assert "huge_pages=off" in server["command"]
