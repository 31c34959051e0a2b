"""What a stack is made with and keeps: values in its encrypted state."""

from collections.abc import Callable
from typing import Any

import pulumi


def stash_once(
    name: str, value: pulumi.Input[Any], opts: pulumi.ResourceOptions | None = None
) -> pulumi.Output[Any]:
    """The first `value` that the stack was brought up with; what later runs give is dropped.

    Without `ignore_changes` the later ones would be dropped too, but each preview would show them.
    """
    first = pulumi.ResourceOptions(ignore_changes=["input"])
    return pulumi.Stash(name, input=value, opts=pulumi.ResourceOptions.merge(opts, first)).output


def refuse_change(
    name: str,
    now: pulumi.Input[str],
    why: Callable[[str, str], str],
    opts: pulumi.ResourceOptions | None = None,
) -> pulumi.Output[str]:
    """`now`, or the end of the preview when the stack was made with another value.

    The end says `why(then, now)`. Give the result to what the change would harm: then nothing
    happens to that before the check. A stack that is older than the check keeps what it finds.
    """
    then = stash_once(name, now, opts)
    return pulumi.Output.all(then, now).apply(lambda both: same(str(both[0]), both[1], why))


def same(then: str, now: str, why: Callable[[str, str], str]) -> str:
    """The rule of `refuse_change`."""
    if then != now:
        raise pulumi.RunError(why(then, now))
    return now
