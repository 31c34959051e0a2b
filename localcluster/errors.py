"""The one kind of error that a command ends with."""


class ClusterError(Exception):
    """Something a person has to know: what was found, what was expected, what to do next."""
