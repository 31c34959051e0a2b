"""The commands that show how the backups are doing, ready to paste."""

from components.cluster import names


def commands(namespace: str) -> dict[str, str]:
    """The seed's commands, for this stack's namespace."""
    return {
        "backup_status": f"kubectl get cronjob {names.BACKUP} -n {namespace}",
        "backup_jobs": f"kubectl get jobs -n {namespace} | grep backup",
        "backup_logs": f"kubectl logs -n {namespace} -l app={names.BACKUP} --tail=-1",
        "backup_sets": f"kubectl exec {names.POD} -n {namespace} -- ls -lh /backup/",
        "startup_log": f'kubectl logs {names.POD} -n {namespace} | grep -i "restore\\|backup"',
        "verified_sets": (
            f"kubectl exec {names.POD} -n {namespace} -- bash /backup-scripts/list.sh"
        ),
    }


def connect(namespace: str) -> str:
    """Opens the server's port on this machine, until it is stopped."""
    return f"kubectl port-forward -n {namespace} service/{names.SERVICE} {names.PORT}"
