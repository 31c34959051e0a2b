// Package provisioner makes a directory of the node for each claim of the default storage class.
package provisioner

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// name and root are minikube's: a StorageClass and a path read the same there.
const (
	name = "k8s.io/minikube-hostpath"
	root = "/tmp/hostpath-provisioner"
)

// claimLetters is how much of a claim's name a directory bears: a file's name has 255 bytes.
const claimLetters = 120

// hostPath makes one directory of the node per volume. It does not limit sizes, as minikube's does not.
type hostPath struct {
	root string
	// volumes are all of the cluster, as the API server has them now.
	volumes func(context.Context) ([]v1.PersistentVolume, error)
}

// directory is the volume's own. A claim that is deleted and made again gets another volume, and so
// another directory: the removal of the old one, which is tried again until it succeeds, never finds
// the data of the new one.
func (h hostPath) directory(claim *v1.PersistentVolumeClaim, volume string) string {
	known := claim.Name[:min(len(claim.Name), claimLetters)]
	return filepath.Join(h.root, claim.Namespace+"-"+known+"-"+volume)
}

// Provision makes the directory and describes the volume.
func (h hostPath) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	path := h.directory(options.PVC, options.PVName)
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

// Delete removes the directory of a volume, and of no other: one that a second volume leads to stays.
func (h hostPath) Delete(ctx context.Context, volume *v1.PersistentVolume) error {
	path := filepath.Clean(volume.Spec.HostPath.Path)
	if !h.made(path, volume.Name) {
		return fmt.Errorf("%s is not a directory that this provisioner made for %s", path, volume.Name)
	}
	all, err := h.volumes(ctx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.Name != volume.Name && leadsTo(other, path) {
			return nil
		}
	}
	return os.RemoveAll(path)
}

// made tells whether a path can be the volume's: nobody has anything else removed by editing a volume.
func (h hostPath) made(path, volume string) bool {
	inside, err := filepath.Rel(h.root, path)
	if err != nil || inside[0] == '.' {
		return false
	}
	own, _ := filepath.Match("*-"+volume, inside)
	// Namespace and claim: what this provisioner made until it had a directory per volume.
	old, _ := filepath.Match("*/*", inside)
	return own || old
}

// leadsTo tells whether a volume's data is at a path, or above or below it.
func leadsTo(volume v1.PersistentVolume, path string) bool {
	if volume.Spec.HostPath == nil {
		return false
	}
	its := filepath.Clean(volume.Spec.HostPath.Path) + "/"
	return strings.HasPrefix(its, path+"/") || strings.HasPrefix(path+"/", its)
}

// Run is the program `provisioner`.
func Run() {
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
	volumes := func(ctx context.Context) ([]v1.PersistentVolume, error) {
		all, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		return all.Items, nil
	}
	controller.NewProvisionController(
		ctx, client, name, hostPath{root, volumes}, controller.LeaderElection(false),
	).Run(ctx)
	return nil
}
