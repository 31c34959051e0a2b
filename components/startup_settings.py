"""The settings of the server's start."""

from components import fields
from components.fields import Group, setting


class StartupSettings(Group):
    """What start-up may do when the data directory is not simply complete."""

    accept: fields.Accepted = setting(
        "",
        "States, parted by blanks, at which start-up goes on; take them out afterwards.",
        allowed="unmarked-data, fresh-start, no-store, volatile-store, other-store, other-version",
        example="fresh-start",
    )
    from_set: fields.OptionalSet = setting(
        "",
        "The set to restore into an absent data directory, instead of the newest good one.",
        allowed="the name of a set",
        example="backup_20261122_060000",
    )
    timeout: fields.Seconds = setting(
        3600, "Seconds until the server must answer.", allowed=fields.SECONDS, example="7200"
    )

    def accepts(self, state: fields.Accept) -> bool:
        """Whether start-up goes on at `state`."""
        return state in self.accept.split()

    @property
    def for_scripts(self) -> str:
        """`accept` without the word that is for this program: the scripts know no stack."""
        return " ".join(w for w in self.accept.split() if w != fields.Accept.OTHER_VERSION)
