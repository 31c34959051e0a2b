"""A real one-node Kubernetes on this machine, for where there is no minikube.

`python -m localcluster` speaks minikube's verbs. The node lives in namespaces of its own (mounts,
processes, network, host name, cgroups), so that `power-off` is one kill and `delete` leaves
nothing.

What it does not do: enforce NetworkPolicy objects. They are stored and shown, as on a default
minikube, whose network plugin does not enforce them either; traffic is not restricted by them.
"""
