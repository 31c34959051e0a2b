"""One pair of servers a worker; each test gets them empty, and a store of its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lib import bucket as s3
from tests.lib import disaster
from tests.lib import managed as managed_server
from tests.lib.bucket import Bucket
from tests.lib.content import SETTINGS, Golden, fill
from tests.lib.disaster import Disaster
from tests.lib.managed import Managed, Role
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Scripts, scripts_directory
from tests.lib.store import Store, copy_tree
from tests.lib.toolbox import Tools, path_of
from tests.lib.upgrades import MORE, OTHER_LOCALE, V17, Base, in_version, last_set, pod_of
from tests.lib.wheels import programs_of

VERSION = "16.15"


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    """The directory of this worker; gone afterwards, with every process in it."""
    os.umask(0o022)
    made = Sandbox()
    yield made
    made.remove()


@pytest.fixture(autouse=True)
def tidied(box: Sandbox) -> Iterator[None]:
    """Of the fixtures of one test alone, and of it, nothing is left on the disk."""
    with box.tidied():
        yield


@pytest.fixture(scope="session")
def binaries(box: Sandbox) -> Path:
    """PostgreSQL's programs in the version that the project runs."""
    return programs_of(box, VERSION)


@pytest.fixture(scope="session")
def source_server(box: Sandbox, binaries: Path) -> Iterator[Server]:
    """The server that is backed up."""
    server = Server(box, binaries).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def target_server(box: Sandbox, binaries: Path) -> Iterator[Server]:
    """Another server, with another system identifier, that sets are restored into."""
    server = Server(box, binaries).start()
    yield server
    server.stop()


@pytest.fixture
def source(source_server: Server) -> Server:
    """The server that is backed up, empty."""
    source_server.reset()
    return source_server


@pytest.fixture
def filled(source: Server) -> Server:
    """The server that is backed up, with the two application databases."""
    fill(source)
    return source


@pytest.fixture
def target(target_server: Server) -> Server:
    """The server to restore into, empty."""
    target_server.reset()
    return target_server


@pytest.fixture
def lone(box: Sandbox, binaries: Path) -> Iterator[Server]:
    """A server of this test alone, which may be killed."""
    server = Server(box, binaries).start()
    yield server
    server.remove()


# All other tests have GNU tools; the images' are busybox.
@pytest.fixture(params=[pytest.param(Tools.GNU, marks=pytest.mark.long), Tools.BUSYBOX])
def tools(request: pytest.FixtureRequest) -> Tools:
    """Both worlds: tests that ask for this run twice."""
    found: Tools = request.param
    return found


@pytest.fixture
def bare(box: Sandbox, binaries: Path) -> Scripts:
    """The scripts with GNU tools and an empty directory that is no store yet."""
    path = path_of(Tools.GNU, box, binaries)
    return Scripts(box, scripts_directory(box), path, box.directory("store"))


@pytest.fixture
def scripts(bare: Scripts, source_server: Server) -> Scripts:
    """The scripts with GNU tools, a new store and the source server."""
    bare.run("init-store").expect(0)
    return bare.with_(server=source_server)


@pytest.fixture
def both(scripts: Scripts, tools: Tools, binaries: Path) -> Scripts:
    """The scripts in either world."""
    return scripts.with_(path=path_of(tools, scripts.box, binaries))


@pytest.fixture
def store(scripts: Scripts) -> Store:
    """The store of `scripts`."""
    return Store(scripts.root)


@pytest.fixture(scope="session")
def golden(box: Sandbox, binaries: Path) -> Golden:
    """A store with one verified set of the two application databases, taken once a worker."""
    server = Server(box, binaries).start()
    fill(server)
    path = path_of(Tools.GNU, box, binaries)
    scripts = Scripts(box, scripts_directory(box), path, box.directory("golden"))
    scripts.run("init-store").expect(0)
    name = scripts.with_(server=server).backup("--reason", "golden")
    scripts.with_(server=server).verify(name).expect(0)
    dump = server.dump_all()
    identifier = server.system_identifier()
    server.stop()
    return Golden(scripts.root, name, dump, identifier)


@pytest.fixture
def kept(golden: Golden, scripts: Scripts) -> Store:
    """The store of `scripts`, holding a copy of the golden set, verified."""
    assert Store(scripts.root).names() == []
    shutil.rmtree(scripts.root)
    copy_tree(golden.root, scripts.root)
    return Store(scripts.root)


@pytest.fixture(scope="session")
def managed(box: Sandbox, binaries: Path) -> Iterator[Managed]:
    """The server of a provider, saved once a worker by each role that can."""
    server = Server(box, binaries).start()
    path = path_of(Tools.GNU, box, binaries)
    roots = {role: box.directory("store") for role in Role}
    scripts = Scripts(box, scripts_directory(box), path, roots[Role.READER], server)
    yield managed_server.made(scripts, roots)
    server.remove()


@pytest.fixture(scope="session")
def upgrades(box: Sandbox, binaries: Path) -> Scripts:
    """The scripts with a store that is copied for each test of an upgrade."""
    path = path_of(Tools.GNU, box, binaries)
    scripts = Scripts(box, scripts_directory(box), path, box.directory("upgrades"))
    scripts.run("init-store").expect(0)
    return scripts


@pytest.fixture(scope="session")
def data16(upgrades: Scripts, binaries: Path) -> Base:
    """A data directory of 16, made once a worker and copied."""
    pod = Pod.make(upgrades, binaries)
    pod.databases = ()
    pod.prepare().expect(0)
    with pod.running() as server:
        fill(server)
        server.sql(MORE, SETTINGS)
        server.sql(OTHER_LOCALE)
        server.sql("alter system set work_mem = '6MB'")
    return Base(pod.volume, upgrades.root)


@pytest.fixture(scope="session")
def marked16(data16: Base, upgrades: Scripts, binaries: Path) -> Base:
    """The same once its last set was taken."""
    pod = pod_of(data16, upgrades, binaries)
    last_set(pod).expect(0)
    return Base(pod.volume, pod.scripts.root)


@pytest.fixture
def old16(data16: Base, upgrades: Scripts, binaries: Path) -> Pod:
    """A pod with data of 16 whose last set was not taken yet."""
    return pod_of(data16, upgrades, binaries)


@pytest.fixture
def marked(marked16: Base, upgrades: Scripts, binaries: Path) -> Pod:
    """A pod with data of 16 and its last set."""
    return pod_of(marked16, upgrades, binaries)


@pytest.fixture
def new(marked: Pod) -> Pod:
    """The same pod with the image of 17."""
    return in_version(marked, V17)


@pytest.fixture(scope="session")
def archivable(box: Sandbox, binaries: Path) -> Base:
    """A data directory and a store, made once a worker and copied for each archive."""
    path = path_of(Tools.GNU, box, binaries)
    scripts = Scripts(box, scripts_directory(box), path, box.directory("archivable"))
    scripts.run("init-store").expect(0)
    pod = Pod.make(scripts, binaries)
    pod.databases = ()
    pod.prepare().expect(0)
    return Base(pod.volume, scripts.root)


@pytest.fixture(scope="session")
def lost_archive(box: Sandbox, binaries: Path) -> Disaster:
    """An archive whose server is gone, made once a worker and copied."""
    path = path_of(Tools.GNU, box, binaries)
    scripts = Scripts(box, scripts_directory(box), path, box.directory("archived"))
    scripts.run("init-store").expect(0)
    return disaster.make(Pod.make(scripts, binaries), box.directory("archive"))


@pytest.fixture
def lost(lost_archive: Disaster, bare: Scripts) -> Disaster:
    """A pod whose data directory is gone, and what it comes back from: the archive on this disk."""
    return lost_archive.copy(bare)


@pytest.fixture(scope="module")
def s3_server(box: Sandbox) -> Iterator[Bucket]:
    """An S3 server."""
    with s3.running(box) as made:
        yield made


@pytest.fixture
def bucket(s3_server: Bucket) -> Bucket:
    """The same with nothing in the bucket, and up."""
    s3_server.empty()
    return s3_server
