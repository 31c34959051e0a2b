"""The policy pack: `pulumi preview --policy-pack policy`. Every rule is mandatory."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

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


def _known(props: Any) -> Any:
    """A plain copy, with None for what a preview does not know: reading that is an error."""
    if isinstance(props, Mapping):
        return {key: _read(props, key) for key in props}
    if isinstance(props, Sequence) and not isinstance(props, str):
        return [_read(props, index) for index in range(len(props))]
    return props


def _read(props: Any, key: Any) -> Any:
    try:
        return _known(props[key])
    except UnknownValueError:
        return None


def _secrets_stay(args: StackValidationArgs, report: ReportViolation) -> None:
    resources = [
        (_kind(r.resource_type), r, _known(r.props))
        for r in args.resources
        if r.resource_type.startswith(("kubernetes:", "command:"))
    ]
    found = [data.secret_values(props) for kind, _, props in resources if kind == "Secret"]
    secrets = set[str]().union(*found)
    for kind, resource, props in resources:
        for sentence in data.holds_no_secret(kind, resource.name, props, secrets):
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
            for rule in (*data.RULES, *pods.RULES)
        ),
        StackValidationPolicy(
            name="secrets-stay-in-secrets",
            description="A secret's value lies in Secrets alone.",
            validate=_secrets_stay,
        ),
    ],
)
