package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
)

// grace is how long a cancelled command has to end by itself.
const grace = 5 * time.Second

// run starts the command and puts what it printed into the state.
// On failure the state keeps its old outputs, and the error holds everything that was printed.
func (s *CommandState) run(ctx context.Context, command string) error {
	var stdout, stderr bytes.Buffer
	var both lockedBuffer
	cmd := s.prepare(ctx, command)
	showOut, showErr := s.shown(ctx)
	cmd.Stdout = io.MultiWriter(&stdout, &both, showOut)
	cmd.Stderr = io.MultiWriter(&stderr, &both, showErr)

	err := cmd.Run()
	showOut.flush()
	showErr.flush()
	if ctx.Err() != nil && cmd.Process != nil {
		// Whatever of the group outlived its grace; an error means that nothing did.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, command, both.String())
	}
	s.Stdout = strings.TrimSuffix(stdout.String(), "\n")
	s.Stderr = strings.TrimSuffix(stderr.String(), "\n")
	return nil
}

func (s *CommandState) prepare(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	// A group of its own: a shell's children must not go on after a cancelled update.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if s.Stdin != nil {
		cmd.Stdin = strings.NewReader(*s.Stdin)
	}
	cmd.Env = s.environment()
	return cmd
}

func (s *CommandState) environment() []string {
	environment := os.Environ()
	if s.Environment != nil {
		for name, value := range *s.Environment {
			environment = append(environment, name+"="+value)
		}
	}
	if s.AddPreviousOutputInEnv != nil && !*s.AddPreviousOutputInEnv {
		return environment
	}
	if s.Stdout != "" {
		environment = append(environment, "PULUMI_COMMAND_STDOUT="+s.Stdout)
	}
	if s.Stderr != "" {
		environment = append(environment, "PULUMI_COMMAND_STDERR="+s.Stderr)
	}
	return environment
}

// shown returns where the lines of stdout and of stderr go while the command runs.
func (s *CommandState) shown(ctx context.Context) (stdout, stderr *lineWriter) {
	logging := logBoth
	if s.Logging != nil {
		logging = *s.Logging
	}
	show := p.GetLogger(ctx).InfoStatus
	stdout, stderr = &lineWriter{line: func(string) {}}, &lineWriter{line: func(string) {}}
	if logging == logStdout || logging == logBoth {
		stdout.line = show
	}
	if logging == logStderr || logging == logBoth {
		stderr.line = show
	}
	return stdout, stderr
}

// lineWriter passes on whole lines.
type lineWriter struct {
	line func(string)
	rest []byte
}

func (w *lineWriter) Write(data []byte) (int, error) {
	w.rest = append(w.rest, data...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(data), nil
		}
		w.line(string(line))
		w.rest = rest
	}
}

func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.line(string(w.rest))
		w.rest = nil
	}
}

// lockedBuffer takes both streams, each of which is copied by a goroutine of its own.
type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
