"""What bootstrap and localcluster share: building and fetching tools, locks, files, stamps.

One of each, and nothing of clusters or stacks. Standard library only: it runs before there is a
virtual environment.
"""
