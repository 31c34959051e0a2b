"""What the console may create: Jobs that are one of our CronJobs' own, with a program of ours.

Who may create Jobs can run any pod of the namespace, with any of its Secrets. RBAC cannot say more
than that, so the API server is told what a Job has to look like.
"""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import admissionregistration, meta

from components.cluster import names
from components.cluster.kubectl import Kubectl
from components.cluster.pods import SCRIPTS

RESOURCE = "validatingadmissionpolicies.v1.admissionregistration.k8s.io"
PROGRAMS = ("backup", "verify", "restore", "restore-moment", "pin")
"""Of scripts/pod: what a button runs."""
NEVER = ("--to-name", "--to-lsn", "--before-xid")
"""Words of theirs that no button has."""
OF_CONTAINER = (
    *("image", "imagePullPolicy", "env", "envFrom", "volumeMounts", "volumeDevices", "resources"),
    *("securityContext", "ports", "stdin", "tty", "workingDir", "lifecycle", "restartPolicy"),
    *("livenessProbe", "readinessProbe", "startupProbe"),
    *("terminationMessagePath", "terminationMessagePolicy"),
)
"""As in the CronJob: all but the name, which says which CronJob, and what is run."""
OF_POD = (
    *("volumes", "initContainers", "securityContext", "imagePullSecrets", "restartPolicy"),
    *("serviceAccountName", "automountServiceAccountToken", "enableServiceLinks"),
    *("hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace", "hostAliases"),
    *("hostname", "subdomain", "dnsConfig", "dnsPolicy", "nodeName", "nodeSelector", "affinity"),
    *("tolerations", "schedulerName", "runtimeClassName", "priorityClassName"),
)
"""Likewise, of the pod."""
MADE = ("controller-uid", "job-name")
"""Labels that the API server gives a Job's pods, also with BATCH before them."""
BATCH = "batch.kubernetes.io/"


def is_possible(kubectl: Kubectl) -> bool:
    """Whether the cluster has such policies (Kubernetes 1.30 and newer), and lets us make them.

    True where it does not answer: what protects is not taken away for that.
    """
    try:
        kubectl.get(RESOURCE)
        kubectl.run("auth", "can-i", "create", RESOURCE)
    except RuntimeError as error:
        said = str(error).rstrip()
        # `can-i` says no to stdout, and nothing else.
        is_no = "auth can-i" in said and said.endswith("ended with 1:")
        return not (is_no or "have a resource type" in said or "orbidden" in said)
    return True


def admission(
    name: str,
    namespace: pulumi.Output[str],
    account: str,
    cron_jobs: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """The policy, and one binding for each CronJob of which there may be Jobs."""
    meta_ = meta.v1.ObjectMetaArgs(
        # Neither has a namespace.
        name=namespace.apply(lambda space: f"{space}-{account}"),
        labels=names.PART_OF,
    )
    who = namespace.apply(lambda space: f"system:serviceaccount:{space}:{account}")
    policy = admissionregistration.v1.ValidatingAdmissionPolicy(
        f"{name}-admission",
        metadata=meta_,
        spec=admissionregistration.v1.ValidatingAdmissionPolicySpecArgs(
            failure_policy="Fail",
            param_kind=admissionregistration.v1.ParamKindArgs(
                api_version="batch/v1", kind="CronJob"
            ),
            match_constraints=admissionregistration.v1.MatchResourcesArgs(
                # Whatever is wrong with it concerns no other namespace.
                namespace_selector=meta.v1.LabelSelectorArgs(
                    match_labels={"kubernetes.io/metadata.name": namespace}
                ),
                resource_rules=[
                    admissionregistration.v1.NamedRuleWithOperationsArgs(
                        api_groups=["batch"],
                        api_versions=["v1"],
                        operations=["CREATE", "UPDATE"],
                        resources=["jobs"],
                    )
                ],
            ),
            match_conditions=[
                admissionregistration.v1.MatchConditionArgs(
                    name="is-the-console",
                    expression=who.apply(lambda text: f"request.userInfo.username == '{text}'"),
                )
            ],
            variables=[
                _variable("pod", "object.spec.template.spec"),
                _variable("worker", "variables.pod.containers[0]"),
                _variable("ours", "params.spec.jobTemplate.spec.template.spec"),
                _variable("usual", "variables.ours.containers[0]"),
                # The other binding looks at those of the other CronJob.
                _variable("others", "variables.worker.name != variables.usual.name"),
            ],
            validations=[_validation(*one) for one in rules(cron_jobs)],
        ),
        opts=opts,
    )
    bindings = [
        admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            f"{name}-admission-{cron_job}",
            metadata=meta.v1.ObjectMetaArgs(
                name=pulumi.Output.format("{0}-{1}-{2}", namespace, account, cron_job),
                labels=names.PART_OF,
            ),
            spec=admissionregistration.v1.ValidatingAdmissionPolicyBindingSpecArgs(
                policy_name=policy.metadata["name"],
                validation_actions=["Deny"],
                # "Deny" would keep everybody's Jobs out, those of a destroy's last backup too,
                # once the CronJob is gone: who it is is asked only after that.
                param_ref=admissionregistration.v1.ParamRefArgs(
                    name=cron_job, namespace=namespace, parameter_not_found_action="Allow"
                ),
            ),
            opts=opts,
        )
        for cron_job in cron_jobs
    ]
    return [policy, *bindings]


def rules(cron_jobs: Sequence[str]) -> list[tuple[str, str]]:
    """Expressions in CEL, each with what is said where it does not hold."""
    programs = [f"{SCRIPTS}/{one}.sh" for one in PROGRAMS]
    template = "params.spec.jobTemplate.spec"
    labels = f"{template}.template.metadata.labels"
    made = [*MADE, *(f"{BATCH}{one}" for one in MADE)]
    pod = [_same("variables.pod", "variables.ours", key) for key in OF_POD]
    # The API server gives a Job what its CronJob's template may lack.
    pod += ["object.spec.?parallelism.orValue(1) == 1", "object.spec.?completions.orValue(1) == 1"]
    pod += ["!object.spec.?manualSelector.orValue(false)"]
    pod += [
        _same("object.spec.template.metadata", f"{template}.template.metadata", "annotations"),
        "object.spec.template.metadata.labels.all(key, "
        f"key in {_words(made)} || (key in {labels} && {labels}[key] == "
        "object.spec.template.metadata.labels[key]))",
    ]
    container = [_same("variables.worker", "variables.usual", key) for key in OF_CONTAINER]
    return [
        (
            f"size(variables.pod.containers) == 1 && variables.worker.name in {_words(cron_jobs)}",
            "the console may only create Jobs that are made of the backup's own CronJobs",
        ),
        (
            "!has(variables.worker.args) && size(variables.worker.command) > 1 && "
            "variables.worker.command[0] == 'bash' && "
            f"variables.worker.command[1] in {_words(programs)} && "
            f"!variables.worker.command.exists(word, word in {_words(NEVER)})",
            "the console may only run the backup's own programs, as its buttons do",
        ),
        (
            f"variables.others || ({' && '.join(container)})",
            "the Job's container is not that of its CronJob",
        ),
        (f"variables.others || ({' && '.join(pod)})", "the Job's pod is not that of its CronJob"),
    ]


def _words(words: Sequence[str]) -> str:
    return f"[{', '.join(repr(word) for word in words)}]"


def _same(one: str, other: str, key: str) -> str:
    return f"{one}.?{key} == {other}.?{key}"


def _variable(name: str, expression: str) -> admissionregistration.v1.VariableArgs:
    return admissionregistration.v1.VariableArgs(name=name, expression=expression)


def _validation(expression: str, message: str) -> admissionregistration.v1.ValidationArgs:
    return admissionregistration.v1.ValidationArgs(expression=expression, message=message)
