package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisionerName and volumeRoot are minikube's: a StorageClass and a path read the same there.
const (
	provisionerName = "k8s.io/minikube-hostpath"
	volumeRoot      = "/tmp/hostpath-provisioner"
)

// hostPath makes one directory of the node per claim. It does not limit sizes, as minikube's does not.
type hostPath struct{}

func (hostPath) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	path := filepath.Join(volumeRoot, options.PVC.Namespace, options.PVC.Name)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// Again, because the umask took bits away. Any user of a pod may write, as on minikube.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: options.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource:        v1.PersistentVolumeSource{HostPath: &v1.HostPathVolumeSource{Path: path}},
		},
	}, controller.ProvisioningFinished, nil
}

func (hostPath) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	path := filepath.Clean(volume.Spec.HostPath.Path)
	inside, err := filepath.Rel(volumeRoot, path)
	// Two levels, namespace and claim: nobody can have another directory removed by editing a volume.
	if matched, _ := filepath.Match("*/*", inside); err != nil || !matched || inside[0] == '.' {
		return fmt.Errorf("%s is no directory of this provisioner", path)
	}
	return os.RemoveAll(path)
}

func runProvisioner() {
	flags := flag.NewFlagSet("provisioner", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig to use")
	if err := flags.Parse(os.Args[1:]); err != nil {
		os.Exit(64) // not reached: ExitOnError has ended the program
	}
	if err := provision(*kubeconfig); err != nil {
		fmt.Fprintln(os.Stderr, "provisioner:", err)
		os.Exit(1)
	}
}

func provision(kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	controller.NewProvisionController(
		ctx, client, provisionerName, hostPath{}, controller.LeaderElection(false),
	).Run(ctx)
	return nil
}
