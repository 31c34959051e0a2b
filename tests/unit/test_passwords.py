"""Passwords: encrypted, kept, and made anew when asked."""

from tests.unit.conftest import Deploy
from tests.unit.recorder import Secret


def test_secrets_are_secret(deploy: Deploy) -> None:
    password = "zymurgy-ünïcode '\"$%/"
    stack = deploy(secret={"postgres.password": password})
    for secret in stack.all("Secret"):
        assert isinstance(secret["stringData"], Secret)
    assert stack.one("Secret", "postgres-superuser")["stringData"].value["password"] == password
    assert stack.secret_exports == {"connection_strings"}
    for resource in stack.resources:
        if resource.kind not in {"Secret", "Stash"}:
            assert "zymurgy" not in str(resource.inputs), resource.name


def test_a_new_password_restarts_the_server(deploy: Deploy) -> None:
    seen = [
        deploy(secret={"postgres.password": word}, stashed=STASHED).pods()["postgres"]["metadata"][
            "annotations"
        ]
        for word in ("one", "two")
    ]
    assert seen[0] != seen[1]


STASHED = {
    "postgres-brewget_auth-password": "kept-1",
    "postgres-brewget_settings-password": "kept-2",
    "postgres-superuser-password": "kept-3",
}


def test_generated_passwords_are_those_of_the_state(deploy: Deploy) -> None:
    stack = deploy(stashed=STASHED)
    data = {s["metadata"]["name"]: s["stringData"].value for s in stack.all("Secret")}
    assert data["postgres-superuser"]["password"] == "kept-3"
    assert data["db-brewget-auth"]["uri"] == (
        "postgresql://brewget_auth:kept-1@db.brewget.svc.cluster.local:5432/brewget_auth"
        "?sslmode=require"
    )
    for stash in stack.all("Stash"):
        assert stash.ignore_changes == ["input"], "each preview would show an update"


def test_a_new_generation_makes_new_passwords(deploy: Deploy) -> None:
    names = {s.name for s in deploy(config={"postgres.passwordGeneration": "2"}).all("Stash")}
    assert names == {
        "backup-place",
        "cluster-context",
        "postgres-ca",
        "postgres-data-class",
        "postgres-key",
        "version-major",
        *(f"{name}-2" for name in STASHED),
    }
