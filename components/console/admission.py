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

PROGRAMS = ("backup", "verify", "restore", "restore-moment", "pin")
"""Of scripts/pod: what a button runs."""
SAME = ("image", "env", "volumeMounts", "securityContext", "resources", "envFrom")
"""Of the container: as in the CronJob."""
NONE = ("args", "lifecycle", "livenessProbe", "startupProbe", "readinessProbe", "workingDir")
"""Of the container: other ways to have something run."""
SAME_OF_POD = ("volumes", "initContainers", "securityContext", "automountServiceAccountToken")
NONE_OF_POD = ("hostNetwork", "hostPID", "hostIPC", "serviceAccountName", "nodeName")


def is_possible(kubectl: Kubectl) -> bool:
    """Whether the cluster has such policies (from Kubernetes 1.30 on) and shows them to us.

    True where it does not answer: what protects is not taken away for that.
    """
    try:
        kubectl.get("validatingadmissionpolicies")
    except RuntimeError as error:
        said = str(error)
        return "have a resource type" not in said and "orbidden" not in said
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
                resource_rules=[
                    admissionregistration.v1.NamedRuleWithOperationsArgs(
                        api_groups=["batch"],
                        api_versions=["v1"],
                        operations=["CREATE", "UPDATE"],
                        resources=["jobs"],
                    )
                ]
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
                param_ref=admissionregistration.v1.ParamRefArgs(
                    name=cron_job, namespace=namespace, parameter_not_found_action="Deny"
                ),
            ),
            opts=opts,
        )
        for cron_job in cron_jobs
    ]
    return [policy, *bindings]


def rules(cron_jobs: Sequence[str]) -> list[tuple[str, str]]:
    """Expressions in CEL, each with what is said where it does not hold."""
    known = ", ".join(f"'{one}'" for one in cron_jobs)
    programs = ", ".join(f"'{SCRIPTS}/{one}.sh'" for one in PROGRAMS)
    worker = [_same("worker", "usual", key) for key in SAME]
    worker += [_none("worker", key) for key in NONE]
    pod = [_same("pod", "ours", key) for key in SAME_OF_POD]
    pod += [_none("pod", key) for key in NONE_OF_POD]
    return [
        (
            f"size(variables.pod.containers) == 1 && variables.worker.name in [{known}]",
            "the console may only create Jobs that are made of the backup's own CronJobs",
        ),
        (
            "size(variables.worker.command) > 1 && variables.worker.command[0] == 'bash' && "
            f"variables.worker.command[1] in [{programs}]",
            "the console may only run the backup's own programs",
        ),
        (
            f"variables.others || ({' && '.join(worker)})",
            "the Job's container is not that of its CronJob",
        ),
        (f"variables.others || ({' && '.join(pod)})", "the Job's pod is not that of its CronJob"),
    ]


def _same(one: str, other: str, key: str) -> str:
    return f"variables.{one}.?{key} == variables.{other}.?{key}"


def _none(one: str, key: str) -> str:
    return f"!has(variables.{one}.{key})"


def _variable(name: str, expression: str) -> admissionregistration.v1.VariableArgs:
    return admissionregistration.v1.VariableArgs(name=name, expression=expression)


def _validation(expression: str, message: str) -> admissionregistration.v1.ValidationArgs:
    return admissionregistration.v1.ValidationArgs(expression=expression, message=message)
