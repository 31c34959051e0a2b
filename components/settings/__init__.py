"""Every setting of the stack: what may be set, its types, and how it is read."""
