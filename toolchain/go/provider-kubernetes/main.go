// Command pulumi-resource-kubernetes is the Kubernetes provider of Pulumi: upstream's own code, started
// by a main of ours, because upstream's main embeds files that its build generates.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is the release that this source is: the Python package is pinned to the same one.
const version = "4.25.0"

// The schema serves code generators and `pulumi schema`; resources of the typed SDKs work without it.
const schema = `{"name": "kubernetes", "version": "` + version + `"}`

func main() {
	provider.Serve("kubernetes", version, []byte(schema), []byte("{}"))
}
