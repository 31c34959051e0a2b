package provisioner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// on returns a provisioner in a directory of the test's own, in a cluster with these volumes.
func on(t *testing.T, volumes ...*v1.PersistentVolume) hostPath {
	t.Helper()
	return hostPath{t.TempDir(), func(context.Context) ([]v1.PersistentVolume, error) {
		var found []v1.PersistentVolume
		for _, volume := range volumes {
			found = append(found, *volume)
		}
		return found, nil
	}}
}

func provisioned(t *testing.T, h hostPath, claim, volume string) *v1.PersistentVolume {
	t.Helper()
	policy := v1.PersistentVolumeReclaimDelete
	made, _, err := h.Provision(t.Context(), controller.ProvisionOptions{
		StorageClass: &storage.StorageClass{ReclaimPolicy: &policy},
		PVName:       volume,
		PVC:          &v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: claim}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// at is a volume that somebody has given a path.
func at(name, path string) *v1.PersistentVolume {
	source := v1.PersistentVolumeSource{HostPath: &v1.HostPathVolumeSource{Path: path}}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.PersistentVolumeSpec{PersistentVolumeSource: source},
	}
}

func fill(t *testing.T, directory string) string {
	t.Helper()
	file := filepath.Join(directory, "data")
	if err := os.MkdirAll(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("rows"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// The story: the removal of the old volume failed at first and was tried again after the claim had been
// made anew, at the same path then. It took the new server's data.
func TestALateRemovalLeavesTheClaimThatWasMadeAgain(t *testing.T) {
	h := on(t)
	old := provisioned(t, h, "data", "pvc-1")
	again := provisioned(t, h, "data", "pvc-2")
	rows := fill(t, again.Spec.HostPath.Path)

	for range 2 {
		if err := h.Delete(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}

	if !isThere(rows) {
		t.Fatal("the new volume's data went with the old volume")
	}
	if isThere(old.Spec.HostPath.Path) {
		t.Error("the old volume's directory stayed")
	}
}

func TestADirectoryIsReadableAsWhoseItIs(t *testing.T) {
	h := on(t)
	if path := provisioned(t, h, "data", "pvc-1").Spec.HostPath.Path; path != filepath.Join(h.root, "shop-data-pvc-1") {
		t.Errorf("it is %s", path)
	}
	// A claim's name may have 253 letters.
	long := provisioned(t, h, strings.Repeat("c", 253), "pvc-2").Spec.HostPath.Path
	if err := h.Delete(t.Context(), at("pvc-2", long)); err != nil || isThere(long) {
		t.Errorf("%s: %v", long, err)
	}
}

func TestADirectoryThatAnotherVolumeHasStays(t *testing.T) {
	path := filepath.Join("/", "shop-data-pvc-1")
	for _, theirs := range []string{path, path + "/", path + "/below", "/"} {
		other := at("rescue", "")
		h := on(t, at("pvc-1", ""), other)
		other.Spec.HostPath.Path = filepath.Join(h.root, theirs)
		rows := fill(t, filepath.Join(h.root, path))

		if err := h.Delete(t.Context(), at("pvc-1", filepath.Join(h.root, path))); err != nil {
			t.Fatal(err)
		}

		if !isThere(rows) {
			t.Errorf("a volume at %s lost its data", theirs)
		}
	}
}

func TestAnAPIServerThatDoesNotAnswerKeepsTheDirectory(t *testing.T) {
	h := on(t)
	h.volumes = func(context.Context) ([]v1.PersistentVolume, error) { return nil, errors.New("no answer") }
	rows := fill(t, filepath.Join(h.root, "shop-data-pvc-1"))

	if err := h.Delete(t.Context(), at("pvc-1", filepath.Dir(rows))); err == nil || !isThere(rows) {
		t.Fatalf("removed without knowing whose it is: %v", err)
	}
}

func TestADirectoryFromBeforeIsRemovedWithItsVolume(t *testing.T) {
	h := on(t)
	rows := fill(t, filepath.Join(h.root, "shop", "data"))

	if err := h.Delete(t.Context(), at("pvc-1", filepath.Dir(rows))); err != nil || isThere(rows) {
		t.Fatalf("it stayed: %v", err)
	}
}

func TestNothingElseIsRemovedForAVolumeThatSomebodyEdited(t *testing.T) {
	h := on(t)
	for _, path := range []string{
		"", ".", "..", "../elsewhere", "shop-data-pvc-2", "shop", "shop/data/deeper", "/etc",
	} {
		if !filepath.IsAbs(path) {
			path = filepath.Join(h.root, path)
		}
		if h.made(filepath.Clean(path), "pvc-1") {
			t.Errorf("%s would be removed", path)
		}
	}
	if err := h.Delete(t.Context(), at("pvc-1", "/etc")); err == nil {
		t.Error("/etc was not refused")
	}
}
