"""Stopping a script at its n-th step, through BACKUP_STEP_HOOK."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Done, Running, Scripts
from tests.lib.waiting import wait_for

STEP_REACHED = 60.0
"""From the start of a script until it stands at the step we wait for, in seconds."""

HOOK = r"""#!/bin/bash
# Appends the step's name; at the n-th it does what the test asked for.
printf '%s\n' "${1-}" >>"$HOOK_HOME/steps"
mapfile -t steps <"$HOOK_HOME/steps"
[[ ${#steps[@]} -eq $HOOK_AT ]] || exit 0
case $HOOK_DO in
kill) kill -9 0 ;; # the whole process group, this hook included
wait) : >"$HOOK_HOME/reached"; read -r _ <"$HOOK_HOME/go" ;;
esac
"""


@dataclass
class Hook:
    """A hook's directory: what was passed, and the means to hold and release the script."""

    home: Path

    @classmethod
    def make(cls, box: Sandbox) -> "Hook":
        """Write the hook program and the pipe that releases a waiting one."""
        home = box.directory("hook")
        (home / "hook").write_text(HOOK)
        (home / "hook").chmod(0o755)
        (home / "steps").touch()
        os.mkfifo(home / "go")
        box.identity.own(home)
        return cls(home)

    def arm(self, scripts: Scripts, what: str, at: int) -> Scripts:
        """Return the scripts with this hook armed for the step number `at`."""
        return scripts.with_(
            BACKUP_STEP_HOOK=str(self.home / "hook"),
            HOOK_HOME=str(self.home),
            HOOK_AT=at,
            HOOK_DO=what,
        )

    def steps(self) -> list[str]:
        """Return the names of the steps passed so far."""
        return (self.home / "steps").read_text().splitlines()

    def wait_until_reached(self, running: Running) -> None:
        """Wait until the script stands at its step."""

        def look() -> bool:
            if running.process.poll() is not None:
                raise RuntimeError(f"ended before its step: {running.errors()}")
            return (self.home / "reached").exists()

        try:
            wait_for("the script at its step", look, STEP_REACHED, every=0.02)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.steps()}: {running.errors()}") from None

    def release(self) -> None:
        """Let the waiting script go on."""
        (self.home / "go").write_text("go\n")


def count_steps(scripts: Scripts, script: str, *arguments: str) -> list[str]:
    """Run a script to its good end and return the names of its steps."""
    hook = Hook.make(scripts.box)
    hook.arm(scripts, "count", 0).run(script, *arguments).expect(0)
    steps = hook.steps()
    assert steps, f"{script}.sh calls no step: nothing would be tested"
    return steps


def start_until(scripts: Scripts, step: str | int, script: str, *args: str) -> tuple[Running, Hook]:
    """Start a script and return when it stands at the first step of this name or number."""
    hook = Hook.make(scripts.box)
    if isinstance(step, str):
        (hook.home / "hook").write_text(HOOK.replace("${#steps[@]} -eq $HOOK_AT", f"$1 == {step}"))
        step = 0
    running = hook.arm(scripts, "wait", step).start(script, *args)
    hook.wait_until_reached(running)
    return running, hook


def kill_at(scripts: Scripts, number: int, script: str, *arguments: str) -> Done:
    """Run a script that is killed, with all its children, when it reaches step `number`."""
    hook = Hook.make(scripts.box)
    running = hook.arm(scripts, "kill", number).start(script, *arguments)
    done = running.wait()
    assert len(hook.steps()) >= number, f"never reached step {number}: {done.said}"
    return done
