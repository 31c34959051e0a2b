"""Settings as objects, the spelling of before, keys that are not settings, and secrets."""

from typing import Any

import pulumi
import pytest

from components.settings import spelling
from components.settings.load import load_settings, parse
from tests.unit.conftest import Deploy

ALL = "docs/settings.md has all settings"
HUSH = "hush-hush-4711"


def refusal(given: dict[str, Any], *encrypted: str) -> list[str]:
    """The sentences that a stack's file with `given` is refused with."""
    with pytest.raises(pulumi.RunError) as refused:
        parse(given, encrypted)
    return str(refused.value).splitlines()


def test_a_group_is_an_object() -> None:
    given = {"backup": {"keep": 7, "storage": {"size": "5Gi"}}, "postgres": {}, "namespace": "ales"}
    settings = parse(given)
    assert (settings.backup.keep, settings.backup.storage.size) == (7, "5Gi")
    assert settings.namespace == "ales"


def test_a_word_that_looks_like_a_number_is_a_word() -> None:
    """`pulumi config set --path` writes 20261128120000 and true without quotes."""
    given = {"postgres": {"passwordGeneration": 20261128120000, "resources": {"cpu": 2}}}
    postgres = parse(given | {"console": {"tokenGeneration": True}}).postgres
    assert (postgres.password_generation, postgres.resources.cpu) == ("20261128120000", "2")


def test_a_truth_value_is_not_a_number() -> None:
    assert refusal({"backup": {"keep": True}}) == [
        "backup.keep is true. Allowed: a whole number from 1 to 1000. "
        "Example: pulumi config set --path backup.keep 10"
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"backup": {"shedule": "0 * * * *"}},
            "backup.shedule is not a setting; the nearest is backup.schedule. "
            f"Example: pulumi config rm --path backup.shedule; {ALL}",
        ),
        (
            {"backup": {"storage": {"pth": "/x"}}},
            "backup.storage.pth is not a setting; the nearest is backup.storage.path. "
            f"Example: pulumi config rm --path backup.storage.pth; {ALL}",
        ),
        (
            {"postgres": {"tsl": {"mode": "allowed"}}},
            "postgres.tsl is not a setting; the nearest is postgres.tls. "
            f"Example: pulumi config rm --path postgres.tsl; {ALL}",
        ),
        (
            {"backup": {"storage.size": "5Gi"}},
            'backup["storage.size"] is not a setting; the nearest is backup.storage.size. '
            f"Example: pulumi config rm --path 'backup[\"storage.size\"]'; {ALL}",
        ),
        (
            {"backup": {"keep_daily": 3}},
            "backup.keep_daily is not a setting; the nearest is backup.keepDaily. "
            f"Example: pulumi config rm --path backup.keep_daily; {ALL}",
        ),
        (
            {"backups": "{}"},
            "backups is not a setting; the nearest is backup. "
            f"Example: pulumi config rm backups; {ALL}",
        ),
        (
            {"backup.shedule": "0 * * * *"},
            "backup.shedule is not a setting; the nearest is backup.schedule. "
            f"Example: pulumi config rm backup.shedule; {ALL}",
        ),
    ],
)
def test_an_unknown_key_comes_with_the_nearest(given: dict[str, Any], expected: str) -> None:
    assert refusal(given) == [expected]


def test_an_unknown_name_in_the_stacks_file_is_seen(deploy: Deploy) -> None:
    with pytest.raises(
        pulumi.RunError, match=r"^spaces is not a setting; the nearest is namespace"
    ):
        deploy(load_settings, config={"spaces": "ales"})


@pytest.mark.parametrize("value", ["no object", 3, ["keep", "7"], None])
def test_a_group_that_is_not_an_object_is_refused(value: object) -> None:
    assert refusal({"backup": value}) == [
        "backup has a value of its own, but is a group of settings. Example: pulumi config rm "
        "backup && pulumi config set --path backup.schedule '0 */6 * * *'"
    ]
    assert refusal({"postgres": {"tls": value}}) == [
        "postgres.tls has a value of its own, but is a group of settings. Example: pulumi config "
        "rm --path postgres.tls && pulumi config set --path postgres.tls.mode allowed"
    ]


@pytest.mark.parametrize("text", ["no object", "[1]", "7"])
def test_a_text_in_place_of_a_group_is_refused_in_the_program(deploy: Deploy, text: str) -> None:
    """Pulumi says so itself, but for --skip-config-validation."""
    with pytest.raises(pulumi.RunError, match=r"^backup has a value of its own, but is a group of"):
        deploy(load_settings, config={"backup": text})


def test_the_spelling_of_before_is_taken_with_a_warning(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    stack = deploy(
        config={"backup.keepDaily": "3"},
        dotted={"backup.keep": "8", "backup.storage.size": "3Gi", "postgres.databases": '["ale"]'},
    )
    env = stack.one("CronJob", "postgres-backup")["spec"]["jobTemplate"]["spec"]["template"]
    found = {each["name"]: each["value"] for each in env["spec"]["containers"][0]["env"]}
    assert (found["BACKUP_KEEP"], found["BACKUP_KEEP_DAILY"]) == ("8", "3")
    assert found["POSTGRES_DATABASES"] == "ale"
    assert stack.one("PersistentVolume")["spec"]["capacity"] == {"storage": "3Gi"}
    assert said == [
        "backup.keep, backup.storage.size, postgres.databases are set as one name with dots, which "
        "the next release refuses. To move: pulumi config set --path backup.keep 8 && "
        "pulumi config rm backup.keep && pulumi config set --path backup.storage.size 3Gi && "
        "pulumi config rm backup.storage.size && pulumi config set --path 'postgres.databases[0]' "
        "ale && pulumi config rm postgres.databases"
    ]


@pytest.mark.parametrize(
    "spelt", [{"config": {"backup.format": "plain"}}, {"dotted": {"backup.format": "plain"}}]
)
def test_a_format_that_is_not_written_any_more_stops_no_up(
    spelt: dict[str, dict[str, str]], deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)

    stack = deploy(**spelt)

    env = stack.one("CronJob", "postgres-backup")["spec"]["jobTemplate"]["spec"]["template"]
    found = {each["name"]: each["value"] for each in env["spec"]["containers"][0]["env"]}
    assert found["BACKUP_FORMAT"] == "custom"
    assert said[-1].startswith("backup.format is 'plain', which sets are not written in any more")


@pytest.mark.parametrize("key", ["postgres.password", "console.notifyUrls"])
@pytest.mark.parametrize("is_encrypted", [True, False])
def test_a_secret_is_moved_without_being_seen(key: str, is_encrypted: bool) -> None:
    """In clear it is refused right after, by when the log has it for good."""
    given = {key: f"json://{HUSH}"}
    assert spelling.warning(given, {key} if is_encrypted else set()) == (
        f"{key} is set as one name with dots, which the next release refuses. To move: "
        f"pulumi config get {key} | pulumi config set --path --secret {key} "
        f"&& pulumi config rm {key}"
    )


def test_a_secret_in_the_spelling_of_before_arrives() -> None:
    settings = parse({"postgres.password": HUSH}, {"postgres.password"})
    assert settings.postgres.password.get_secret_value() == HUSH


def test_a_key_in_both_spellings_is_refused() -> None:
    for value in (7, 8):
        assert refusal({"backup": {"keep": value}, "backup.keep": "8"}) == [
            "backup.keep is set twice: as one name with dots, and in its group with --path. "
            "Example: pulumi config rm backup.keep"
        ]


@pytest.mark.parametrize(
    ("given", "encrypted"),
    [
        ({"postgres": {"password": f"{HUSH}\n"}}, "postgres"),
        ({"postgres.password": f"{HUSH}\n"}, "postgres.password"),
        ({"postgres": {"pasword": HUSH}}, "postgres"),
        ({"postgres": {"pasword": HUSH}}, ""),
        ({"postgres": {"tls": {"mode": HUSH}}}, "postgres"),
        ({"postgres": {"tls": HUSH}}, "postgres"),
        ({"postgres": {"password": "x", "image": {HUSH: HUSH}}}, "postgres"),
        ({"postgres": {"password": "x", "databases": [{"a": HUSH}]}}, "postgres"),
        ({"postgres": HUSH}, "postgres"),
        ({"postgres": {"databases": [HUSH, HUSH]}}, "postgres"),
        ({"backup": {"schedule": HUSH}}, "backup"),
        ({"backup": {"storage": {"claim": HUSH}}}, "backup"),
        ({"backup.storage.claim": HUSH}, "backup.storage.claim"),
        ({"backup": {"keep": 7}, "backup.keep": HUSH}, "backup.keep"),
        ({"pasword": HUSH}, "pasword"),
        ({"namespace": HUSH + "!"}, "namespace"),
        ({"console": {"notifyUrls": HUSH}}, "console"),
        ({"console": {"notifyUrls": f"json://{HUSH}"}}, ""),
    ],
)
def test_a_secret_is_never_shown(given: dict[str, Any], encrypted: str) -> None:
    said = "\n".join(refusal(given, encrypted))
    assert HUSH not in said.replace(f'["{HUSH}"]', "")


def test_a_wrong_password_is_refused_with_the_reason() -> None:
    assert refusal({"postgres": {"password": "a\tb"}}, "postgres") == [
        "postgres.password is (secret), but it has a line break or another unprintable character, "
        "or is too long. Allowed: a secret of up to 200 printable characters. "
        "Example: pulumi config set --path --secret postgres.password"
    ]


def test_beside_a_secret_the_other_settings_are_shown() -> None:
    given = {"postgres": {"password": HUSH, "image": "postgres"}}
    (said,) = refusal(given, "postgres")
    assert said.startswith("postgres.image is 'postgres', but it names no version")
    (said,) = refusal({"postgres": {"image": "postgres"}}, "postgres")
    assert said.startswith("postgres.image is (secret). Allowed: an image of PostgreSQL")


def test_a_password_in_clear_is_refused() -> None:
    assert refusal({"postgres": {"password": HUSH}}) == [
        "postgres.password is not encrypted. "
        "Example: pulumi config set --path --secret postgres.password"
    ]
