"""The one kind of error that a command of this project's host side ends with."""


class SetupError(Exception):
    """A sentence for a person: what was found, what was expected, what to do next."""
