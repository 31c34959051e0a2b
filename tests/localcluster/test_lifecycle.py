"""start, stop, power-off: what they keep, what they lose, what they say."""

import os
import signal
import time

from localcluster import images
from localcluster.layout import Layout
from tests.lib.waiting import wait_for
from tests.localcluster.conftest import Started
from tests.localcluster.handle import Handle, pod
from toolchain.files import read_json

START_LIMIT = 75.0
"""In seconds: eight on a quiet machine of two cores, a slow one beside other clusters' starts takes six times that."""


def test_a_new_cluster_is_ready_within_the_limit(started: Started) -> None:
    assert started.seconds <= START_LIMIT, started.said
    nodes = started.cluster.kubectl("get", "nodes", "--no-headers")
    assert nodes.split()[:2] == ["lctest", "Ready"]


def test_a_second_start_changes_nothing(cluster: Handle) -> None:
    before = cluster.status()["pid"]

    done = cluster.run("start")

    assert "runs already" in done.stderr
    assert cluster.status()["pid"] == before


def test_status_tells_programs_what_they_need(cluster: Handle) -> None:
    found = cluster.status()

    assert found["profile"] == found["context"] == "lctest"
    assert found["state"] == "running"
    assert found["subnet"].removesuffix("0/24") + "2" == found["node_ip"]
    assert found["mounts"] == []
    context = cluster.kubectl("config", "current-context")
    assert context.strip() == "lctest"
    assert found["kubeconfig"] == str(cluster.home / "kubeconfig")


def test_stop_keeps_objects_and_data_and_loses_what_minikube_loses(cluster: Handle) -> None:
    cluster.kubectl("create", "configmap", "before-stop", "--from-literal=a=b")
    cluster.in_node("echo kept > /data/file; mkdir -p /mnt/x; echo lost > /mnt/x/file")

    cluster.run("stop")
    stopped = cluster.status()
    assert (stopped["state"], stopped["pid"]) == ("stopped", None)
    began = time.monotonic()
    cluster.run("start")

    assert time.monotonic() - began <= START_LIMIT
    assert "before-stop" in cluster.kubectl("get", "configmap", "-o", "name")
    assert cluster.in_node("cat /data/file; ls /mnt") == "kept\n"
    assert cluster.in_node("stat -f -c %T /mnt") == "tmpfs\n"


def test_power_off_is_survived_by_what_was_written(cluster: Handle) -> None:
    cluster.kubectl("create", "configmap", "before-power-off", "--from-literal=a=b")

    cluster.run("power-off")
    assert cluster.status()["state"] == "stopped"
    cluster.run("start")

    assert "before-power-off" in cluster.kubectl("get", "configmap", "-o", "name")


def test_pods_run_again_after_a_stop(cluster: Handle) -> None:
    cluster.apply(pod("comes-back", restartPolicy="Always"))
    cluster.wait_ready("comes-back")

    cluster.run("stop")
    cluster.run("start")

    count = "jsonpath={.status.containerStatuses[0].restartCount}"
    wait_for(
        "a restart of the pod",
        lambda: cluster.kubectl("get", "pod", "comes-back", "-o", count) == "1",
        timeout=30,
    )
    cluster.wait_ready("comes-back")
    assert "lctest" in cluster.execute("comes-back", "echo lctest")
    cluster.kubectl("delete", "pod", "comes-back")


def test_a_node_killed_from_outside_is_recognised_and_started_again(cluster: Handle) -> None:
    os.kill(cluster.status()["pid"], signal.SIGKILL)

    found = wait_for(
        "the death of the node",
        lambda: cluster.status() if cluster.status()["pid"] is None else None,
        timeout=60,
    )
    assert found["state"] == "broken"
    assert "though nobody stopped it" in found["why"]
    done = cluster.run("start")
    assert "left half dead" in done.stderr
    assert cluster.status()["state"] == "running"


def test_a_process_number_that_is_somebody_elses_is_not_touched(cluster: Handle) -> None:
    note = cluster.home / "node.json"
    cluster.run("stop")
    identity = read_json(cluster.home / "cluster.json")
    assert identity is not None
    # As after a restart of the machine: the file is there, the number is this test's own process.
    note.write_text(f'{{"pid": {os.getpid()}, "started": 1, "boot": "another"}}')

    found = cluster.status()
    assert (found["state"], found["pid"]) == ("broken", None)
    assert "belongs to another program" in found["why"]
    cluster.run("stop")  # and this test goes on
    assert cluster.status()["state"] == "stopped"


def test_a_running_node_refuses_another_mount(cluster: Handle) -> None:
    done = cluster.run("start", "--mount-string", "/srv:/mnt/data", status=1)

    assert "stop it with" in done.stderr


def test_a_component_that_dies_is_started_again(cluster: Handle) -> None:
    cluster.in_node("kill -9 $(pgrep -f 'localcluster-node [k]ube-scheduler')")

    wait_for(
        "the scheduler's second start",
        lambda: cluster.run("logs", "node").stdout.count("starting kube-scheduler") == 2,
        timeout=20,
    )


def test_an_archive_that_goes_while_a_node_starts_is_not_missed(cluster: Handle) -> None:
    gone = images.ARCHIVES / "localhost_lctest_gone_1.tar"
    gone.symlink_to("nowhere")  # listed, and not there when it is looked at
    try:
        images.load_all(Layout(cluster.profile, cluster.home))
    finally:
        gone.unlink()


def test_logs_show_each_component(cluster: Handle) -> None:
    ends = cluster.run("logs").stdout
    for component in ("etcd", "kube-apiserver", "kubelet", "containerd", "coredns", "provisioner"):
        assert f"{component}.log" in ends
    assert "Version: v1.34.4" in cluster.run("logs", "kube-apiserver").stdout
    assert "there are:" in cluster.run("logs", "nonsense", status=1).stderr
