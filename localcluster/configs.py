"""The components' configuration files, written by the machine, read in the node."""

from typing import Any

from localcluster.components import API_PORT
from localcluster.images import PAUSE
from localcluster.layout import Layout
from localcluster.network import DNS, PODS
from localcluster.rootfs import CONFIG, PKI
from toolchain import files

CONTAINERD = "/run/containerd/containerd.sock"

CLIENTS = ("controller-manager", "scheduler", "proxy", "kubelet", "coredns", "provisioner")


def write_all(layout: Layout) -> None:
    """Everything but the administrator's kubeconfig."""
    layout.config.mkdir(parents=True, exist_ok=True)
    for client in CLIENTS:
        files.write_json(layout.config / f"{client}.kubeconfig", _client(client))
    files.write_json(layout.config / "kubelet.json", _kubelet())
    files.write_json(layout.config / "kube-proxy.json", _proxy(layout.profile))
    files.write(layout.config / "containerd.toml", _containerd())
    files.write(layout.config / "Corefile", _corefile())
    network = layout.config / "net.d"
    network.mkdir(exist_ok=True)
    files.write_json(network / "10-localcluster.conflist", _pod_network())


def _client(name: str) -> dict[str, Any]:
    """A kubeconfig that refers to the files in the node."""
    return kubeconfig(
        "localcluster",
        {
            "server": f"https://127.0.0.1:{API_PORT}",
            "certificate-authority": f"{PKI}/ca.crt",
        },
        {"client-certificate": f"{PKI}/{name}.crt", "client-key": f"{PKI}/{name}.key"},
    )


def kubeconfig(name: str, cluster: dict[str, str], user: dict[str, str]) -> dict[str, Any]:
    """A kubeconfig with one context, which is the current one."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}
        ],
        "current-context": name,
    }


def _kubelet() -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{PKI}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{PKI}/kubelet-server.key",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [DNS],
        "clusterDomain": "cluster.local",
        "resolvConf": "/etc/resolv.conf",
        # Images come from a file, not from a registry: one that is collected is gone.
        "imageGCHighThresholdPercent": 100,
        # A disk nearly full is the developer's own business, as on minikube: evict for memory only.
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
        },
        "serializeImagePulls": False,
        "maxPods": 110,
        # Needs CAP_SYS_RESOURCE, which the node may lack; it has no other process to protect from.
        "oomScoreAdj": 0,
        # Sets what it wants otherwise, in files of the node's: see rootfs.SETTINGS.
        "protectKernelDefaults": False,
    }


def _proxy(profile: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{CONFIG}/proxy.kubeconfig"},
        "hostnameOverride": profile,
        "mode": "iptables",
        "clusterCIDR": PODS,
        "iptables": {"minSyncPeriod": "100ms", "syncPeriod": "5m"},
        # Connection tracking's limits are the machine's.
        "conntrack": {
            "maxPerCore": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "oomScoreAdj": 0,
    }


def _containerd() -> str:
    return f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]
# The machine's own may be disabled by its owner: nothing of its settings is read.
imports = []

[grpc]
  address = "{CONTAINERD}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  # Without CAP_SYS_RESOURCE no score can be lowered, and every pod would fail.
  restrict_oom_score_adj = true
  # A profile would be loaded into the machine's kernel and stay there.
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{CONFIG}/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def _corefile() -> str:
    return f"""\
cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {{
    bind {DNS}
    errors
    ready 127.0.0.1:8181
    cache 5
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {CONFIG}/coredns.kubeconfig
        pods insecure
        ttl 5
    }}
}}

# Nothing outside can be reached: its names do not exist, said at once. A block of its own, because
# in one block `template` would answer before `kubernetes`, whatever their order here.
.:53 {{
    bind {DNS}
    errors
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def _pod_network() -> dict[str, Any]:
    return {
        "cniVersion": "0.4.0",
        "name": "localcluster",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    # Lost with the node, as its pods' addresses are.
                    "dataDir": "/run/cni",
                    "ranges": [[{"subnet": PODS.replace(".0.0/16", ".0.0/24")}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
