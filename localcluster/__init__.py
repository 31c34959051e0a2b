"""A real one-node Kubernetes on this machine, for machines without Docker and for the tests.

`python -m localcluster` speaks minikube's verbs. The node lives in namespaces of its own (mounts,
processes, network, host name, cgroups), so that `power-off` is one kill and `delete` leaves
nothing.

What it does not do: enforce NetworkPolicy objects. They are stored and shown, as on a minikube
before 1.39; traffic is not restricted by them.
"""
