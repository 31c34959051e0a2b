"""The store of backup sets, the jobs that fill and verify it, and what is done on demand."""
