"""The settings of the server's start."""

from components.settings import types
from components.settings.fields import Change, Group, setting


class StartupSettings(Group):
    """What start-up may do when the data directory is not simply complete."""

    accept: types.Accepted = setting(
        "",
        "States, parted by blanks, at which start-up goes on; take them out afterwards.",
        allowed=", ".join(types.Accept),
        example="fresh-start",
        change=Change.SERVER,
    )
    from_set: types.OptionalSet = setting(
        "",
        "The set to restore into an absent data directory, instead of the newest good one.",
        allowed="the name of a set",
        example="backup_20261122_060000",
        change=Change.SERVER,
    )
    to_time: types.OptionalMoment = setting(
        "",
        "The moment to which the archive is restored into an absent data directory.",
        allowed=types.MOMENT,
        example="'2026-11-22 10:15:00+00'",
        change=Change.SERVER,
    )
    strict: bool = setting(
        False,
        "Whether a set that does not come back equal in everything keeps the server down.",
        allowed="true or false",
        example="true",
        change=Change.SERVER,
    )
    timeout: types.Seconds = setting(
        3600,
        "Seconds until the server must answer.",
        allowed=types.SECONDS,
        example="7200",
        change=Change.IN_PLACE,
    )

    def accepts(self, state: types.Accept) -> bool:
        """Whether start-up goes on at `state`."""
        return state in self.accept.split()

    @property
    def for_scripts(self) -> str:
        """`accept` without the word that is for this program: the scripts know no stack."""
        return " ".join(w for w in self.accept.split() if w != types.Accept.OTHER_VERSION)
