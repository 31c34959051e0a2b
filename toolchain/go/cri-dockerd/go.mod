// What kubelet reaches Docker through, in the node of the tests' minikube. Only fetched here: it is built from a copy.
module brewget.local/toolchain/cri-dockerd

go 1.25.0

require github.com/Mirantis/cri-dockerd v0.4.0
