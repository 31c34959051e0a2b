"""The policy pack: `pulumi preview --policy-pack policy`. Every rule is mandatory."""

import sys
from collections.abc import Callable
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

# Pulumi runs this folder as a program, so the package's own parent is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy import data, pods


def _kind(resource_type: str) -> str:
    return resource_type.rpartition(":")[2]


def _check(rule: pods.Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type.startswith("kubernetes:"):
            for sentence in rule(_kind(args.resource_type), args.name, args.props):
                report(sentence, None)

    return validate


def _secrets_stay(args: StackValidationArgs, report: ReportViolation) -> None:
    resources = [r for r in args.resources if r.resource_type.startswith("kubernetes:")]
    found = [data.secret_values(r.props) for r in resources if _kind(r.resource_type) == "Secret"]
    secrets = set().union(*found)
    for resource in resources:
        kind = _kind(resource.resource_type)
        for sentence in data.holds_no_secret(kind, resource.name, resource.props, secrets):
            report(sentence, resource.urn)


PolicyPack(
    name="brewget",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        *(
            ResourceValidationPolicy(
                name=rule.__name__.replace("_", "-"),
                description=(rule.__doc__ or "").strip(),
                validate=_check(rule),
            )
            for rule in (data.volume_is_retained, *pods.RULES)
        ),
        StackValidationPolicy(
            name="secrets-stay-in-secrets",
            description="A secret's value lies in Secrets alone.",
            validate=_secrets_stay,
        ),
    ],
)
