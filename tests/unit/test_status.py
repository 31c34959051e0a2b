"""status-postgres.sh with a kubectl of our own that says what a cluster would."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3600

KUBECTL = r"""#!/bin/bash
# What each question is answered with lies in a file of its own; a missing one is a refusal.
for word in "$@"; do
	case "$word" in
	namespace | exec | cronjobs | jobs | pod) what="$word" && break ;;
	esac
done
case "$*" in
*console.ask) what=console ;;
*position.json*) what=position ;;
esac
printf '%s\n' "$*" >>"$ANSWERS/asked"
[[ -f "$ANSWERS/$what" ]] || { cat "$ANSWERS/refusal$([[ $what == console ]] && echo -console)" >&2; exit 1; }
cat "$ANSWERS/$what"
"""


@dataclass
class Answers:
    """A healthy cluster, to be changed."""

    directory: Path
    sets: list[dict[str, object]] = field(default_factory=list)
    cronjobs: str = "postgres-backup false 2026-11-24T00:00:00Z\npostgres-backup-verify false x\n"
    jobs: str = "postgres-backup postgres-backup-1 Complete\n"
    pod: str = " postgres"
    console: str = ""
    """What the console says; empty: there is none."""
    position: str = ""
    """What the archiver wrote, where it is young enough."""

    refusal: str = "Error from server: it is away"
    """What kubectl says of what is not there."""
    no_console: str = 'Error from server (NotFound): deployments.apps "postgres-console" not found'
    """The same of the console."""

    def run(self, *arguments: str, without: str = "") -> "subprocess.CompletedProcess[str]":
        """Run the script on these answers, `without` one of them."""
        listing = "[\n" + ",\n".join(json.dumps(each) for each in self.sets) + "\n]\n"
        answers = {"namespace": "x", "exec": listing, "cronjobs": self.cronjobs, "jobs": self.jobs}
        answers |= {"refusal": f"{self.refusal}\n", "refusal-console": f"{self.no_console}\n"}
        answers |= {"pod": self.pod, "position": self.position}
        if self.console:
            answers["console"] = self.console
        for name, text in answers.items():
            if name != without:
                (self.directory / name).write_text(text)
        (self.directory / "kubectl").write_text(KUBECTL)
        (self.directory / "kubectl").chmod(0o755)
        environment = {"PATH": f"{self.directory}:/usr/bin:/bin", "ANSWERS": str(self.directory)}
        return subprocess.run(
            ["bash", ROOT / "scripts" / "status-postgres.sh", *arguments],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip


def a_set(age: float, **changes: object) -> dict[str, object]:
    """As list.sh --json prints it."""
    name = f"backup_20261124_{240000 - int(age * 100):06d}"
    usual = {"set": name, "state": "published", "started": "2026-11-24T00:00:00Z",
             "age_seconds": int(age * HOUR), "bytes": 5, "reason": "scheduled", "databases": 2,
             "rows": 7, "verified": True, "unverified": None, "left_out": [], "pinned": False, "flagged": None, "why": None}  # fmt: skip
    return usual | changes


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path, [a_set(7), a_set(1)])


def test_all_well(answers: Answers) -> None:
    done = answers.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "BACKUPS GOOD",
        "console          limited check: the console is off",
        f"newest set       {a_set(1)['set']}",
        f"newest verified  {a_set(1)['set']}",
        "pinned           none",
        "schedules        postgres-backup postgres-backup-verify",
    ]


@pytest.mark.parametrize(
    ("sets", "status", "words"),
    [
        ([], 2, "there is no backup yet"),
        ([a_set(10)], 2, "is 36000 s old"),
        ([a_set(16), a_set(1, verified=False)], 1, "is 57600 s old"),
        ([a_set(n, verified=False) for n in (19, 13, 7, 1)], 1, "no set has been verified"),
        ([a_set(7), a_set(1, state="failed")], 2, "did not verify and was set aside"),
        (
            [a_set(7), a_set(1, flagged="database x is gone")],
            1,
            "has lost data: database x is gone",
        ),
        (
            [a_set(7), a_set(1, verified=False, unverified='rows of "t" differ')],
            1,
            f'{a_set(1)["set"]} stays, not verified: rows of "t" differ',
        ),
        ([a_set(7), a_set(-1)], 1, "is from the future"),
    ],
)
def test_each_fault_of_the_sets(
    answers: Answers, sets: list[dict[str, object]], status: int, words: str
) -> None:
    answers.sets = sets
    done = answers.run()
    assert (done.returncode, words in done.stdout) == (status, True), done.stdout


def left_out(name: str, why: str = "refused") -> dict[str, str]:
    return {"database": "shop", "kind": "index", "name": name, "why": why}


def test_what_a_verified_set_lacks_is_named_with_every_sign_in_it(answers: Answers) -> None:
    hostile = left_out('a "b, c}]\\d', '"flagged": "x", "kind": "y", "name": "z"')
    answers.sets = [a_set(7), a_set(1, left_out=[left_out("i"), hostile])]
    done = answers.run()
    words = (
        f'all rows of {a_set(1)["set"]} came back, 2 objects did not: index i, index a "b, c}}]\\d'
    )
    assert (done.returncode, f"- {words}" in done.stdout.splitlines()) == (1, True), done.stdout
    assert json.loads(answers.run("--json").stdout)["problems"] == [words]


def test_of_many_objects_the_first_are_named(answers: Answers) -> None:
    newest = a_set(1, verified=False)
    answers.sets = [a_set(7, left_out=[left_out(f"i{n}") for n in range(9)]), newest]
    done = answers.run()
    words = f"all rows of {a_set(7)['set']} came back, 9 objects did not: index i0, index i1, index i2 and more"
    assert (done.returncode, f"- {words}" in done.stdout.splitlines()) == (1, True), done.stdout


def test_of_an_encrypted_set_what_it_lacks_is_a_number(answers: Answers) -> None:
    answers.sets = [a_set(7), a_set(1, left_out_count=3)]
    done = answers.run()
    words = (
        f"- all rows of {a_set(1)['set']} came back, 3 objects did not: "
        "names are in the log of the verification and in findings.age"
    )
    assert (done.returncode, words in done.stdout.splitlines()) == (1, True), done.stdout
    answers.sets = [a_set(7), a_set(1, left_out_count=0)]
    assert answers.run().returncode == 0


def test_a_set_aside_before_the_newest_verified_one_raises_no_alarm(answers: Answers) -> None:
    answers.sets = [a_set(7, state="failed"), a_set(1)]
    assert answers.run().returncode == 0


@pytest.mark.parametrize(
    ("key", "text", "status", "words"),
    [
        ("cronjobs", "postgres-backup true x\npostgres-backup-verify false x\n", 1, "is suspended"),
        ("cronjobs", "postgres-backup false x\n", 1, "there is no CronJob postgres-backup-verify"),
        ("jobs", "postgres-backup a Complete\npostgres-backup b Failed\n", 2, "logs job/b"),
    ],
)
def test_each_fault_of_the_schedules(
    answers: Answers, key: str, text: str, status: int, words: str
) -> None:
    setattr(answers, key, text)
    done = answers.run()
    assert (done.returncode, words in done.stdout) == (status, True), done.stdout


@pytest.mark.parametrize("name", ["postgres-restore-manual-1", "postgres-pin-console-1"])
def test_what_a_person_asked_for_and_failed_is_no_failed_backup(
    answers: Answers, name: str
) -> None:
    answers.jobs += f"postgres-backup {name} Failed\n"
    assert answers.run().returncode == 0


def test_a_set_aside_says_why_and_when_with_every_sign_in_it(answers: Answers) -> None:
    why = 'table "a, b}\\c": 5 rows, \x1b[31mnot 6'
    shown = 'table "a, b}\\c": 5 rows, \\u001b[31mnot 6'
    when = "2026-11-24T01:02:03Z"
    answers.sets = [a_set(7), a_set(1, state="failed", why=why, set_aside=when)]
    name = a_set(1)["set"]

    lines = answers.run().stdout.splitlines()

    assert f"- {name} did not verify and was set aside: {shown}" in lines
    assert f"set aside        {name} {when}: {shown}" in lines
    problems = json.loads(answers.run("--json").stdout)["problems"]
    assert problems == [f"{name} did not verify and was set aside: {shown}"]


def test_pinned_sets_are_named(answers: Answers) -> None:
    answers.sets = [a_set(7, pinned=True), a_set(2), a_set(1, pinned=True)]
    line = f"pinned           {a_set(7)['set']} {a_set(1)['set']}"
    assert line in answers.run().stdout.splitlines()


def test_json_says_the_same(answers: Answers) -> None:
    answers.sets = [a_set(10, why='a "quoted" word')]
    done = answers.run("--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["state"]) == (2, "critical")
    assert found["problems"] == [f"the newest set, {a_set(10)['set']}, is 36000 s old"]
    assert found["sets"] == answers.sets


@pytest.mark.parametrize(
    ("without", "status", "words"),
    [
        ("namespace", 3, "BACKUPS UNKNOWN: the cluster cannot be reached: Error from server"),
        ("exec", 2, "the sets cannot be listed: Error from server: it is away"),
        ("cronjobs", 3, "the CronJobs cannot be listed"),
        ("jobs", 3, "the Jobs cannot be listed"),
    ],
)
def test_what_cannot_be_asked_is_not_good(
    answers: Answers, without: str, status: int, words: str
) -> None:
    done = answers.run(without=without)
    assert (done.returncode, words in done.stdout) == (status, True), done.stdout


def test_limits_and_place_are_options(answers: Answers) -> None:
    answers.sets = [a_set(10)]
    done = answers.run("--max-age", "40000", "--namespace", "ales", "--context", "other")
    assert done.returncode == 0
    assert "--context other --namespace ales" in (answers.directory / "asked").read_text()
    for wrong in (["--max-age", "soon"], ["--nonsense"], ["--namespace"]):
        assert answers.run(*wrong).returncode == 64


OF_OTHERS = r"""
case "$*" in
*SERVER_OF_OTHERS*) echo SERVER_OF_OTHERS && exit ;;
*postgres-list-*exitCode*) echo 0 && exit ;;
*postgres-list-*phase*) echo Succeeded && exit ;;
*logs*job/postgres-list-*) what=exec ;;
*"exec postgres-0"*) echo "no server is asked" >&2 && exit 1 ;;
*"create job postgres-list-"* | *"patch --local"* | *"create -f -"* | *"get cronjob postgres-"*) exit 0 ;;
esac
"""


def test_where_others_run_the_server_a_job_lists_the_sets(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, asked, tail = KUBECTL.partition("printf ")
    monkeypatch.setattr(f"{__name__}.KUBECTL", f"{head}{OF_OTHERS}{asked}{tail}")
    done = answers.run("--namespace", "ales")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"newest set       {a_set(1)['set']}" in done.stdout.splitlines()
    answers.sets = []
    assert "there is no backup yet" in answers.run().stdout
