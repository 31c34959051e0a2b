"""What the cluster itself enforces in the namespace."""

# baseline is refused, restricted is warned of: the one pod that is not restricted is the one
# that gives a root-owned directory to PostgreSQL, once.
POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/audit": "restricted",
}
