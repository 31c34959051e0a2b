package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/integration"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const urn = presource.URN("urn:pulumi:stack::project::command:local:Command::name")

func serve(t *testing.T) integration.Server {
	t.Helper()
	provider, err := infer.NewProviderBuilder().WithResources(infer.Resource(&Command{})).Build()
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), "command", semver.MustParse(version),
		integration.WithProvider(provider))
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func inputs(values map[string]property.Value) property.Map { return property.NewMap(values) }

func text(value string) property.Value { return property.New(value) }

func create(t *testing.T, server integration.Server, args property.Map) property.Map {
	t.Helper()
	made, err := server.Create(p.CreateRequest{Urn: urn, Properties: args})
	if err != nil {
		t.Fatal(err)
	}
	return made.Properties
}

func update(t *testing.T, server integration.Server, state, args property.Map) property.Map {
	t.Helper()
	changed, err := server.Update(p.UpdateRequest{ID: "id", Urn: urn, State: state, Inputs: args})
	if err != nil {
		t.Fatal(err)
	}
	return changed.Properties
}

func expect(t *testing.T, state property.Map, key, want string) {
	t.Helper()
	if got := state.Get(key); !got.IsString() || got.AsString() != want {
		t.Fatalf("%s is %#v, expected %q", key, got, want)
	}
}

func TestCreateCapturesBothStreamsWithoutTheirLastNewline(t *testing.T) {
	state := create(t, serve(t), inputs(map[string]property.Value{
		"create":      text(`cat; echo "$WORD" >&2`),
		"stdin":       text("one\n\n"),
		"environment": property.New(map[string]property.Value{"WORD": text("a 'b' \"c\" $d")}),
	}))

	expect(t, state, "stdout", "one\n")
	expect(t, state, "stderr", `a 'b' "c" $d`)
}

func TestPreviewRunsNothing(t *testing.T) {
	server, mark := serve(t), filepath.Join(t.TempDir(), "mark")
	args := inputs(map[string]property.Value{"create": text("touch " + mark)})

	made, err := server.Create(p.CreateRequest{Urn: urn, Properties: args, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Fatal("preview ran the command")
	}
	if !made.Properties.Get("stdout").IsComputed() {
		t.Fatalf("preview must not pretend to know stdout: %#v", made.Properties.Get("stdout"))
	}
}

func TestUpdateRunsUpdateAndSeesThePreviousOutput(t *testing.T) {
	server := serve(t)
	args := map[string]property.Value{"create": text("echo first; echo err >&2")}
	state := create(t, server, inputs(args))
	args["update"] = text(`echo "$PULUMI_COMMAND_STDOUT+$PULUMI_COMMAND_STDERR"`)

	state = update(t, server, state, inputs(args))

	expect(t, state, "stdout", "first+err")
}

func TestUpdateWithoutUpdateRunsCreateAgain(t *testing.T) {
	server := serve(t)
	state := create(t, server, inputs(map[string]property.Value{"create": text("echo first")}))

	state = update(t, server, state, inputs(map[string]property.Value{"create": text("echo second")}))

	expect(t, state, "stdout", "second")
}

func TestPreviousOutputStaysOutOfTheEnvironmentOnRequest(t *testing.T) {
	server := serve(t)
	args := map[string]property.Value{
		"create":                 text(`echo "seen:$PULUMI_COMMAND_STDOUT"`),
		"addPreviousOutputInEnv": property.New(false),
	}
	state := create(t, server, inputs(args))
	args["stdin"] = text("changed")

	expect(t, update(t, server, state, inputs(args)), "stdout", "seen:")
}

func TestDeleteRunsTheStoredCommand(t *testing.T) {
	server, mark := serve(t), filepath.Join(t.TempDir(), "mark")
	state := create(t, server, inputs(map[string]property.Value{
		"create": text("echo kept"), "delete": text(`echo "$PULUMI_COMMAND_STDOUT" > ` + mark),
	}))

	if err := server.Delete(p.DeleteRequest{ID: "id", Urn: urn, Properties: state}); err != nil {
		t.Fatal(err)
	}
	if found, _ := os.ReadFile(mark); string(found) != "kept\n" {
		t.Fatalf("delete left %q", found)
	}
}

// That a trigger *replaces* is asked for by the SDKs (replaceOnChanges in the schema): see the test
// through the Pulumi command line.
func TestAnyChangedInputIsAChangeAndEqualOnesAreNone(t *testing.T) {
	server := serve(t)
	args := map[string]property.Value{
		"create":   text("true"),
		"triggers": property.New([]property.Value{text("1")}),
	}
	state := create(t, server, inputs(args))
	differs := func(name string, value property.Value) bool {
		news := map[string]property.Value{"create": args["create"], "triggers": args["triggers"]}
		news[name] = value
		found, err := server.Diff(p.DiffRequest{
			ID: "id", Urn: urn, State: state, OldInputs: inputs(args), Inputs: inputs(news),
		})
		if err != nil {
			t.Fatal(err)
		}
		return found.HasChanges
	}

	if !differs("triggers", property.New([]property.Value{text("2")})) || !differs("stdin", text("x")) {
		t.Error("a changed input is no change")
	}
	if differs("create", args["create"]) {
		t.Error("equal inputs are a change")
	}
}

func TestAFailureNamesStatusCommandAndOutput(t *testing.T) {
	_, err := serve(t).Create(p.CreateRequest{Urn: urn, Properties: inputs(map[string]property.Value{
		"create": text("echo out; echo err >&2; exit 3"),
	})})

	if err == nil {
		t.Fatal("a failing command was taken for good")
	}
	for _, part := range []string{"exit status 3", "exit 3", "out\n", "err\n"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %s", part, err)
		}
	}
}

// As with the plugin, outputs are secret only on request (additionalSecretOutputs).
func TestASecretInputStaysSecret(t *testing.T) {
	state := create(t, serve(t), inputs(map[string]property.Value{
		"create": text("true"), "stdin": text("hidden").WithSecret(true),
	}))

	if !state.Get("stdin").Secret() {
		t.Error("stdin is not secret")
	}
}

func TestLinesAreLoggedWhole(t *testing.T) {
	var seen []string
	writer := &lineWriter{line: func(line string) { seen = append(seen, line) }}
	for _, part := range []string{"o", "ne\ntw", "o\n", "rest"} {
		if _, err := writer.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	writer.flush()

	if strings.Join(seen, "|") != "one|two|rest" {
		t.Fatalf("logged %q", seen)
	}
}

func TestLoggingShowsTheStreamsAskedFor(t *testing.T) {
	for mode, want := range map[Logging][2]bool{
		logStdout: {true, false}, logStderr: {false, true}, logBoth: {true, true}, logNone: {false, false},
	} {
		var logged lockedBuffer
		before := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
		err := (&CommandState{CommandArgs: CommandArgs{Logging: &mode}}).run(t.Context(), "echo to-out; echo to-err >&2")
		slog.SetDefault(before)
		if err != nil {
			t.Fatal(err)
		}
		got := [2]bool{strings.Contains(logged.String(), "to-out"), strings.Contains(logged.String(), "to-err")}
		if got != want {
			t.Errorf("%s shows %v, expected %v", mode, got, want)
		}
	}
}

func TestCancellingEndsTheWholeProcessGroup(t *testing.T) {
	// All of the group hold this pipe open: it ends with the last of them.
	held := filepath.Join(t.TempDir(), "held")
	if err := syscall.Mkfifo(held, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- (&CommandState{}).run(ctx, "exec 9>"+held+"; (echo up >&9; sleep 20; echo outlived >&9) & wait")
	}()
	pipe, err := os.Open(held)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, err := pipe.Read(make([]byte, len("up\n"))); err != nil {
		t.Fatal(err)
	}
	cancelled := time.Now()
	cancel()

	// After the grace would mean: only the shell was told, its child had to be killed.
	if err := <-ended; err == nil || time.Since(cancelled) >= grace {
		t.Fatalf("it went on after the cancellation: %v after %s", err, time.Since(cancelled))
	}
	if rest, err := io.ReadAll(pipe); err != nil || len(rest) > 0 {
		t.Fatalf("a child of the shell outlived the cancellation: %q, %v", rest, err)
	}
}
