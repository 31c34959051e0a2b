"""How much room the server's data volume has: what the newest set says of it, as a number."""

import json
import shutil
from datetime import timedelta

from tests.lib.console import Console, add_set
from tests.lib.kubeapi import FakeApi
from tests.lib.store import change_manifest

FREE, SIZE = (f"brewget_backup_data_volume_{what}_bytes" for what in ("free", "size"))


def test_the_room_that_the_newest_set_tells_of_is_a_number_and_else_there_is_none(
    shared: tuple[Console, FakeApi],
) -> None:
    console, _ = shared
    newest = console.store / add_set(console.store, timedelta(minutes=4))
    server = json.loads((newest / "manifest.json").read_text())["server"]
    for free, size in ((3 * 2**30, 10 * 2**30), (None, None)):
        told = {"data_free_bytes": free, "data_size_bytes": size}
        change_manifest(newest, server=server | told)
        seen = console.metrics()
        assert (seen.get(FREE), seen.get(SIZE)) == (free, size)
    shutil.rmtree(newest)
