"""A server that others run: how it is reached, and what its role may do."""
