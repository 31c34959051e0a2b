"""What the recovery sheet says, typed by a person who has nothing else."""

import re
from pathlib import Path

from tests.lib.sandbox import Sandbox, run_as


def follow(sheet: str, name: str, box: Sandbox, path: str, *own: str, store: Path) -> Path:
    """Do what it says of a repository; returns the directory with the server's socket and its data.

    `own`: the lines of the configuration that a person adds.
    """
    (section,) = [x for x in sheet.split("\n## ") if x.startswith(f"The repository {name}\n")]
    (conf,) = re.findall(r"```ini\n(.*?)```", section, re.DOTALL)
    (commands,) = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    home = box.directory("sheet")
    (home / f"{name}.conf").write_text(conf + "".join(f"{line}\n" for line in own))
    (home / f"{name}.conf").chmod(0o600)
    box.identity.own(home)
    script = commands.replace("STORE=/backup\n", f"STORE={store}\n")
    done = run_as(
        box.identity,
        ["bash", "-euc", f"cd {home}; {script}"],
        {"PATH": path, "HOME": str(home), "TZ": "UTC"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return home
