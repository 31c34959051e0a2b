//go:build kubeadm

// What a node of kubeadm's has besides, for the tests' minikube: kubeadm itself, and the plugins
// of CoreDNS that its Corefile names.
package main

import (
	"os"
	// The API server's own main package has it, too: else a schedule's time zone is unknown.
	_ "time/tzdata"

	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"

	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/reload"
)

func init() {
	programs["kubeadm"] = func() {
		if err := kubeadm.Run(); err != nil {
			os.Exit(1)
		}
	}
}
