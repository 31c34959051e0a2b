package main

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Logging says which streams of a command are shown while it runs. Outputs are captured regardless.
type Logging string

const (
	logStdout Logging = "stdout"
	logStderr Logging = "stderr"
	logBoth   Logging = "stdoutAndStderr"
	logNone   Logging = "none"
)

// Values lists what the SDKs may send.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: logStdout, Description: "Show stdout only"},
		{Name: "stderr", Value: logStderr, Description: "Show stderr only"},
		{Name: "stdoutAndStderr", Value: logBoth, Description: "Show both; the default"},
		{Name: "none", Value: logNone, Description: "Show neither"},
	}
}

// Annotate puts the type where the SDKs look for it.
func (l *Logging) Annotate(a infer.Annotator) { a.SetToken("local", "Logging") }

// CommandArgs are the inputs. Pointers, because an absent input differs from an empty one.
type CommandArgs struct {
	Create                 *string            `pulumi:"create,optional"`
	Update                 *string            `pulumi:"update,optional"`
	Delete                 *string            `pulumi:"delete,optional"`
	Triggers               *[]any             `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// CommandState is what the stack keeps: the inputs, so that delete runs what was declared, and the outputs.
type CommandState struct {
	CommandArgs
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Command runs a program as a step in a resource's life.
type Command struct{}

// Annotate gives the resource the plugin's own token, command:local:Command.
func (c *Command) Annotate(a infer.Annotator) {
	a.SetToken("local", "Command")
	a.Describe(&c, "A command that runs on this machine when the resource is created, updated or deleted.")
}

// Create runs `create`, if there is one. A failed command leaves no resource behind.
func (*Command) Create(
	ctx context.Context, request infer.CreateRequest[CommandArgs],
) (infer.CreateResponse[CommandState], error) {
	id, err := resource.NewUniqueHex(request.Name, 8, 0)
	response := infer.CreateResponse[CommandState]{ID: id, Output: CommandState{CommandArgs: request.Inputs}}
	if err != nil || request.DryRun || request.Inputs.Create == nil {
		return response, err
	}
	return response, response.Output.run(ctx, *request.Inputs.Create)
}

// Update runs `update`, or else `create`, whichever input has changed. A changed trigger never comes
// here: it replaces the resource.
func (*Command) Update(
	ctx context.Context, request infer.UpdateRequest[CommandArgs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := request.State
	state.CommandArgs = request.Inputs
	command := request.Inputs.Update
	if command == nil {
		command = request.Inputs.Create
	}
	if request.DryRun || command == nil {
		return infer.UpdateResponse[CommandState]{Output: state}, nil
	}
	err := state.run(ctx, *command)
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs the `delete` that the state holds; if it fails, the resource stays in the stack.
func (*Command) Delete(
	ctx context.Context, request infer.DeleteRequest[CommandState],
) (infer.DeleteResponse, error) {
	if request.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, request.State.run(ctx, *request.State.Delete)
}
