"""The programs of the node: how each one is called, and in which order they start."""

from dataclasses import dataclass

from localcluster.network import SERVICES
from localcluster.rootfs import BINARY, CONFIG, PKI

API_PORT = 8443
"""minikube's."""


@dataclass(frozen=True)
class Component:
    """One program."""

    name: str
    command: list[str]
    is_foundation: bool = False
    """Starts first and stops last. The others wait until the API server answers: none retries."""


def all_components(profile: str, node_ip: str) -> list[Component]:
    """In the order of their start."""
    containerd = ["/usr/bin/containerd", "--config", f"{CONFIG}/containerd.toml"]
    return [
        Component("containerd", containerd, is_foundation=True),
        _ours("etcd", _etcd(), is_foundation=True),
        _ours("kube-apiserver", _apiserver(node_ip), is_foundation=True),
        _ours("kubelet", _kubelet(profile, node_ip)),
        _ours("kube-controller-manager", _controller_manager()),
        _ours("kube-scheduler", _scheduler()),
        _ours("kube-proxy", [f"--config={CONFIG}/kube-proxy.json"]),
        _ours("coredns", ["-conf", f"{CONFIG}/Corefile"]),
        _ours("provisioner", [f"-kubeconfig={CONFIG}/provisioner.kubeconfig"]),
    ]


def _ours(name: str, arguments: list[str], *, is_foundation: bool = False) -> Component:
    return Component(name, [BINARY, name, *arguments], is_foundation)


def _etcd() -> list[str]:
    return [
        "--data-dir=/var/lib/etcd",
        # What a killed process wrote is in the page cache; only a crash of the machine loses it.
        "--unsafe-no-fsync",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=default=http://127.0.0.1:2380",
        "--log-level=warn",
    ]


def _apiserver(node_ip: str) -> list[str]:
    return [
        f"--advertise-address={node_ip}",
        f"--secure-port={API_PORT}",
        "--etcd-servers=http://127.0.0.1:2379",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--client-ca-file={PKI}/ca.crt",
        f"--tls-cert-file={PKI}/apiserver.crt",
        f"--tls-private-key-file={PKI}/apiserver.key",
        f"--kubelet-certificate-authority={PKI}/ca.crt",
        f"--kubelet-client-certificate={PKI}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={PKI}/apiserver-kubelet-client.key",
        # The node's name is known to nobody's DNS.
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={PKI}/service-account.key",
        f"--service-account-signing-key-file={PKI}/service-account.key",
        "--profiling=false",
    ]


def _controller_manager() -> list[str]:
    kubeconfig = f"{CONFIG}/controller-manager.kubeconfig"
    return [
        *_alone(kubeconfig),
        "--use-service-account-credentials=true",
        f"--root-ca-file={PKI}/ca.crt",
        f"--service-account-private-key-file={PKI}/service-account.key",
        # The default of 15 s is how long a claim waits that was looked at a moment too early.
        "--pvclaimbinder-sync-period=2s",
        # The defaults throttle the deletion of a namespace to 20 requests a second.
        "--kube-api-qps=100",
        "--kube-api-burst=200",
        "--profiling=false",
    ]


def _scheduler() -> list[str]:
    return [*_alone(f"{CONFIG}/scheduler.kubeconfig"), "--profiling=false"]


def _alone(kubeconfig: str) -> list[str]:
    """There is one of each: leader election would only write to etcd every two seconds."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        # It would look for certificates of front proxies: there are none, which it logs for ever.
        "--authentication-skip-lookup=true",
    ]


def _kubelet(profile: str, node_ip: str) -> list[str]:
    return [
        f"--config={CONFIG}/kubelet.json",
        f"--kubeconfig={CONFIG}/kubelet.kubeconfig",
        f"--hostname-override={profile}",
        f"--node-ip={node_ip}",
    ]
