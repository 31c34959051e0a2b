"""`make`: brings tools, cluster and stack to the state that the Pulumi program needs."""
