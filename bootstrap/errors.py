"""The one kind of error that a step ends with."""


class BootstrapError(Exception):
    """A sentence for a person: what was found, what was expected, what to do next."""
