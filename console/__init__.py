"""A small service that shows, measures and reports whether the backups are good.

It reads the store and the Kubernetes API; what it changes are Jobs made from the project's own
CronJobs. It imports nothing of the Pulumi program.
"""
