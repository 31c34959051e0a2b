"""What runs in an image that `make up` builds and switches on: the console and the archive."""

from collections.abc import Callable

from bootstrap import built
from bootstrap.built import Built
from bootstrap.clusters import Cluster, Kind
from bootstrap.stack import Stack
from toolchain.errors import SetupError

Say = Callable[[str], None]


def is_on(what: Built, stack: Stack) -> bool:
    """Whether the stack has it."""
    return stack.own(what.enabled) == "true"


def is_needed(what: Built, stack: Stack) -> str:
    """The setting that wants the image; empty where none does."""
    keys = (*((what.enabled,) if is_on(what, stack) else ()), *filter(stack.own, what.used_by))
    return next(iter(keys), "")


def prepare(what: Built, stack: Stack, cluster: Cluster, say: Say) -> None:
    """Builds the image and switches on what runs it; a person's `false` is kept, and what only a
    server of our own has stays off beside one that others run.

    Where no image can be had it is off, and `make up` goes on: it must not keep anybody from the
    database. But never from an archive on: it may have what no set has.
    """
    # What holds data holds that of a server of our own.
    has_none = what.holds_data and stack.is_external
    is_refused = stack.own(what.enabled) == "false" or has_none
    if (is_refused and not is_needed(what, stack)) or not what.is_ours(stack.own(what.image)):
        return
    if cluster.kind is Kind.NAMED:
        _leave_out(what, stack, cluster, say)
        return
    try:
        image = built.ensure(what, stack, cluster, say)
    except SetupError as error:
        if _keeps_previous(what, stack, cluster):
            say(f"the {what.group} keeps its previous image: {error}")
            return
        if what.holds_data and (key := is_needed(what, stack)):
            raise SetupError(_without(key, f"there is no image for it: {error}")) from None
        _switch_off(what, stack)
        say(f"there is no {what.group}: {error}. The database does without; `make up` tries again")
        return
    if stack.own(what.image) != image:
        stack.set(what.image, image)
    if not (is_on(what, stack) or is_refused):
        stack.set(what.enabled, "true")
        without = f"pulumi config set --path {what.enabled} false, then make up"
        say(f"the {what.group} is on{what.price}; without: {without}")


def _keeps_previous(what: Built, stack: Stack, cluster: Cluster) -> bool:
    before = stack.own(what.image)
    return (
        is_needed(what, stack) != ""
        and before != ""
        and what.may_replace(built.name_of(what, stack), before)
        and built.is_there(stack, cluster, before)
    )


def _leave_out(what: Built, stack: Stack, cluster: Cluster, say: Say) -> None:
    """On somebody else's cluster nothing can be built."""
    key = is_needed(what, stack)
    if not key:
        return
    example = f"registry.example/{what.name.rpartition('/')[2]}:1"
    on = f", built on {built.base(what, stack)}," if what.is_on_server else ""
    advice = (
        f"nothing can be built on '{cluster.context}': push {what.folder}/ as an image{on} to its "
        f"registry. Example: pulumi config set --path {what.image} {example}"
    )
    if what.holds_data:
        raise SetupError(_without(key, advice))
    if not stack.own(what.image):
        raise SetupError(f"{what.enabled} is true, but {advice}")
    # It was switched on here, for the previous cluster.
    _switch_off(what, stack)
    say(f"there is no {what.group}: {advice}")


def _without(key: str, why: str) -> str:
    """Why `make up` ends, and the way on that a person has to choose."""
    if not key.endswith(".enabled"):
        return f"{key} is set, but {why}"
    return (
        f"{key} is true, but {why}. To go on without it, and without what it alone has: pulumi "
        f"config set --path {key} false"
    )


def _switch_off(what: Built, stack: Stack) -> None:
    """Not to false, which would be somebody's choice; it may be spelt as before."""
    for key in (what.enabled, what.image):
        for way in ([], ["--path"]) if stack.own(key) else ():
            stack.pulumi("config", "rm", *way, key, "--stack", stack.place.stack, check=False)
