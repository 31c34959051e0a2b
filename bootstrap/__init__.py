"""`make`: brings tools, cluster and stack to the state that the Pulumi program needs."""

import sys

# First of all, in words that an older Python can still read.
if sys.version_info < (3, 11):  # noqa: UP036 (an older one gets a sentence)
    sys.exit(
        "error: Python 3.11 or newer is needed, this is "
        f"{sys.version.split()[0]}. Example: PYTHON=python3.12 make up"
    )
