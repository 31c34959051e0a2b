"""The cluster and what every object in it has in common."""
