"""What a stack is made with and keeps: values in its encrypted state."""

from collections.abc import Callable
from typing import Any

import pulumi


def kept(
    name: str, value: pulumi.Input[Any], opts: pulumi.ResourceOptions | None = None
) -> pulumi.Output[Any]:
    """The first `value` that the stack was brought up with; what later runs give is dropped.

    Without `ignore_changes` the later ones would be dropped too, but each preview would show them.
    """
    first = pulumi.ResourceOptions(ignore_changes=["input"])
    return pulumi.Stash(name, input=value, opts=pulumi.ResourceOptions.merge(opts, first)).output


def unchanged(
    name: str,
    now: str,
    why: Callable[[str], str],
    opts: pulumi.ResourceOptions | None = None,
) -> pulumi.Output[str]:
    """`now`, or the end of the preview when the stack was made with another value.

    The end says `why(then)`. Give the result to what the change would harm: then nothing happens
    to that before the check. A stack that is older than the check keeps what it finds.
    """
    return kept(name, now, opts).apply(lambda then: same(str(then), now, why))


def same(then: str, now: str, why: Callable[[str], str]) -> str:
    """The rule of `unchanged`."""
    if then != now:
        raise pulumi.RunError(why(then))
    return now
