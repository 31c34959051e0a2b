"""A new version of the scripts, by `pulumi up`, while a program of the old one runs."""

import shutil
from dataclasses import replace

import pytest

from tests.lib.hooks import start_until
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store


@pytest.mark.parametrize("program", ["backup", "restore", "verify"])
@pytest.mark.usefixtures("filled", "kept")
def test_an_update_of_the_scripts_does_not_disturb_a_program_that_runs(
    program: str, scripts: Scripts, target: Server, store: Store
) -> None:
    """The kubelet puts another folder in the old one's place, which then goes away."""
    mount = scripts.box.directory("mount") / "scripts"
    shutil.copytree(scripts.directory, mount)
    old = replace(scripts, directory=mount).with_(
        server=target if program == "restore" else scripts.server,
        VERIFY_SCRATCH=str(scripts.box.directory("scratch")),
    )
    before = store.names()
    running, hook = start_until(old, 1, program)

    shutil.rmtree(mount)
    hook.release()
    running.wait().expect(0)

    assert len(store.names()) == len(before) + (program == "backup")
    store.assert_sound()
