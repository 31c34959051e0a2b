"""The server: its pod, its passwords, its certificate, its version."""
