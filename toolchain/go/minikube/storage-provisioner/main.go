// storage-provisioner is minikube's own, but for its lock: the image that minikube downloads was
// built with a Kubernetes client that still had that kind, and the one of this version has not.
package main

import (
	"context"
	"log"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/minikube/pkg/storage"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v6/controller"
)

const (
	name = "k8s.io/minikube-hostpath"
	root = "/tmp/hostpath-provisioner"
)

func main() {
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		log.Fatal(err)
	}
	controller.NewProvisionController(
		client, name, storage.NewHostPathProvisioner(root), version.GitVersion, controller.LeaderElection(false),
	).Run(context.Background())
}
