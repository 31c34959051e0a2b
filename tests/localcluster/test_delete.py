"""delete leaves nothing; clusters do not meet each other."""

import subprocess
from pathlib import Path

from tests.localcluster.handle import Handle, pod


def _traces(handle: Handle) -> list[str]:
    """Whatever on this machine is named after a cluster."""
    names = (handle.identity, str(handle.home))
    found = [
        line
        for command in (["ip", "link"], ["ip", "route"], ["iptables-save"])
        for line in subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        if any(name in line for name in names)
    ]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found += [line for line in mounts if any(name in line for name in names)]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/*{handle.identity}*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if " Z " in (process / "stat").read_text():
                continue  # it has ended; its parent, the machine's first process, has yet to look
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            groups = (process / "cgroup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if handle.identity in groups or ("localcluster.init" in words and names[1] in words):
            found.append(f"{process.name} {words}")
    return found


def test_delete_leaves_nothing_but_the_content_of_the_host_mount(
    second: Handle, tmp_path: Path
) -> None:
    host = tmp_path / "backups"
    machine = subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout
    for round_ in ("first", "second"):
        second.run("start", "--mount-string", f"{host}:/mnt/data/backups")
        assert _traces(second), "a running cluster must be seen, or nothing is proved below"
        second.apply(
            pod(
                "writer",
                volumes=[{"name": "v", "hostPath": {"path": "/mnt/data/backups"}}],
                container={"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
            )
        )
        second.wait_ready("writer")
        second.execute("writer", f"echo {round_} >> /v/rounds")

        second.run("delete")

        assert _traces(second) == []
        assert not second.home.exists()
        assert second.status()["state"] == "absent"
    assert (host / "rounds").read_text() == "first\nsecond\n"
    after = subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout
    assert _rules(after) == _rules(machine)


def _rules(saved: str) -> list[str]:
    """Without comments and counters."""
    return [line for line in saved.splitlines() if line.startswith("-A")]


def test_two_clusters_at_once_do_not_meet(cluster: Handle, second: Handle) -> None:
    second.run("start")

    assert second.status()["subnet"] != cluster.status()["subnet"]
    second.kubectl("create", "configmap", "only-in-the-second")
    assert "only-in-the-second" not in cluster.kubectl("get", "configmap", "-o", "name")
    second.run("delete")
    assert cluster.status()["state"] == "running"
    assert cluster.kubectl("get", "--raw", "/readyz") == "ok"


def test_deleting_what_is_not_there_is_no_error(second: Handle) -> None:
    assert "there is no cluster" in second.run("delete").stderr
    assert "makes one" in second.run("stop", status=1).stderr


def test_a_home_left_by_an_interrupted_first_start_is_taken_over(second: Handle) -> None:
    second.home.mkdir(parents=True)
    (second.home / "cluster.json").write_text('{"profile": "lctest-sec')

    assert second.status()["state"] == "broken"
    assert "left half dead" in second.run("start").stderr
    assert second.status()["state"] == "running"


def test_a_link_of_somebody_else_is_named_and_left_alone(second: Handle) -> None:
    link = f"lc-{second.identity}"
    subprocess.run(["ip", "link", "add", link, "type", "veth"], check=True)
    try:
        done = second.run("start", status=1)
        assert f"the network interface {link} belongs to" in done.stderr
        assert Path("/sys/class/net", link).exists()
    finally:
        subprocess.run(["ip", "link", "delete", link], check=True)
