// Command pulumi-resource-command stands in for Pulumi's command plugin where that cannot be
// downloaded: local.Command, as the plugin documents it, with the inputs that this project gives.
//
// It has nothing else of the plugin: no interpreter, directory or assets, no remote commands, no
// copying, no functions.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// version is that of the Python package pulumi-command, which asks for a plugin not below its own.
const version = "1.2.1"

func main() {
	provider, err := infer.NewProviderBuilder().
		WithResources(infer.Resource(&Command{})).
		Build()
	if err == nil {
		err = provider.Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
