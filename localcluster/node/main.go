// localcluster-node is every program of a one-node Kubernetes cluster in one file:
// the first argument says which one it is. One file, because all of them share most of
// their code: eight binaries would be several times the size and the compile time.
//
// Called by the name of a program (the link `kubectl`), it is that program.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"context"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"brewget.dev/localcluster/node/provisioner"

	// The metrics and the version flag of every Kubernetes program are registered on import.
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// programs maps a name to what runs it; os.Args is that program's own by then.
var programs = map[string]func(){
	"certs":                   runCerts,
	"coredns":                 runCoreDNS,
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          func() { runCommand(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() { runCommand(controllers.NewControllerManagerCommand()) },
	"kube-proxy":              func() { runCommand(proxy.NewProxyCommand()) },
	"kube-scheduler":          func() { runCommand(scheduler.NewSchedulerCommand()) },
	"kubectl":                 func() { runCommand(kubectl.NewDefaultKubectlCommand()) },
	"kubelet":                 func() { runCommand(kubelet.NewKubeletCommand(context.Background())) },
	"provisioner":             provisioner.Run,
}

func main() {
	name := filepath.Base(os.Args[0])
	if programs[name] == nil {
		if len(os.Args) < 2 || programs[os.Args[1]] == nil {
			fmt.Fprintf(os.Stderr, "usage: %s %s [ARGUMENT...]\n", name, strings.Join(names(), "|"))
			os.Exit(64)
		}
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	programs[name]()
}

func runCommand(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func names() []string {
	found := make([]string, 0, len(programs))
	for name := range programs {
		found = append(found, name)
	}
	slices.Sort(found)
	return found
}
