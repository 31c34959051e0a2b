"""init-databases.sh, where the image's entrypoint runs it and prepare-data.sh does not."""

import re

import pytest

from tests.lib.content import DATABASES, Golden
from tests.lib.postgres import Server
from tests.lib.scripts import Running, Scripts
from tests.lib.store import Store


@pytest.mark.usefixtures("kept")
def test_alone_in_its_folder_it_restores_the_newest_set(
    both: Scripts, target: Server, golden: Golden
) -> None:
    alone = both.box.directory("initdb.d") / "init-databases.sh"
    text = (both.directory / "init-databases.sh").read_text()
    alone.write_text(text.replace("/backup-scripts", str(both.directory)))
    named = both.with_(server=target, POSTGRES_DATABASES="".join(f"{x}\n" for x in DATABASES))

    Running(["bash", alone], named.environment(), both.box).wait().expect(0)

    # The roles were there before the set, and their passwords come from the Secret.
    saved = [re.sub(r" PASSWORD '.*'", "", line) for line in golden.dump]
    assert target.dump_all() == saved


def test_without_a_set_the_databases_come_empty_each_with_its_role(
    scripts: Scripts, target: Server, store: Store
) -> None:
    done = scripts.with_(server=target, POSTGRES_DATABASES="one\n").run("init-databases").expect(0)

    assert "starting fresh, no restore" in done.stderr
    assert target.databases() == ["one", "postgres"]
    assert (
        target.sql("select pg_get_userbyid(datdba) from pg_database where datname = 'one'") == "one"
    )
    assert store.names() == []


def test_under_prepare_data_it_leaves_the_work_to_it(scripts: Scripts, target: Server) -> None:
    before = target.dump_all()

    prepared = scripts.with_(server=target, BREWGET_PREPARING=1, POSTGRES_DATABASES="one\n")
    done = prepared.run("init-databases").expect(0)

    assert "prepare-data.sh's work" in done.stderr
    assert target.dump_all() == before
