"""Who may do what: nothing without a login, nothing that our own page did not ask for."""

import json
import re
import shutil
from datetime import timedelta

import pytest

from tests.console.conftest import Start
from tests.lib.console import TOKEN, Console, add_set
from tests.lib.kubeapi import FakeApi
from tests.lib.store import change_manifest
from tests.lib.waiting import wait_for

PAGES = ("/", "/sets/NEWEST", "/sets/NEWEST/restore", "/jobs/x", "/moment")
ACTIONS = (
    "/backup",
    "/sets/NEWEST/verify",
    "/sets/NEWEST/pin",
    "/sets/NEWEST/unpin",
    "/sets/NEWEST/preview",
    "/moment/preview",
    "/jobs/x/restore",
    "/logout",
)
HOSTILE = '</td><script>alert(1)</script>" onload="x'


@pytest.fixture
def api(shared: tuple[Console, FakeApi]) -> FakeApi:
    fake = shared[1]
    fake.asked.clear()
    fake.jobs.clear()
    return fake


@pytest.fixture
def console(shared: tuple[Console, FakeApi], api: FakeApi) -> Console:
    """Nobody is logged in."""
    shared[0].cookie = ""
    return shared[0]


@pytest.fixture
def fresh(start: Start) -> Console:
    """A console that may be left in any state."""
    return start()


@pytest.fixture
def newest(console: Console) -> str:
    return max(console.store.glob("backup_*")).name


def posts(api: FakeApi) -> list[str]:
    return [asked for asked in api.asked if asked.startswith("POST")]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_a_login_leads_to_the_login(
    console: Console, newest: str, path: str
) -> None:
    answer = console.get(path.replace("NEWEST", newest))
    assert (answer.status, answer.headers["location"], answer.text) == (303, "/login", "")


@pytest.mark.parametrize("path", ACTIONS)
def test_an_action_without_a_login_does_nothing(
    console: Console, api: FakeApi, newest: str, path: str
) -> None:
    answer = console.post(path.replace("NEWEST", newest), {"key": "0" * 64})
    assert answer.status == 401
    assert "Nothing was done" in answer.text
    assert posts(api) == []


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize("key", ["", "0" * 64, "ü"])
def test_a_form_without_the_right_key_does_nothing(
    console: Console, api: FakeApi, newest: str, path: str, key: str
) -> None:
    console.log_in()
    answer = console.post(path.replace("NEWEST", newest), {"key": key})
    assert answer.status == 403
    assert posts(api) == []
    assert console.get("/").status == 200, "still logged in"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_does_nothing_even_with_the_key(
    console: Console, api: FakeApi, headers: dict[str, str]
) -> None:
    key = console.log_in().get("/").key
    assert console.post("/backup", {"key": key}, **headers).status == 403
    assert posts(api) == []
    assert console.post("/login", {"token": TOKEN}, **headers).status == 403
    assert console.post("/backup", {"key": key}, Origin=console.address).status == 303
    assert len(posts(api)) == 1


def test_another_sessions_key_is_not_ours(console: Console, api: FakeApi) -> None:
    first = console.log_in().get("/").key
    console.log_in()
    assert console.post("/backup", {"key": first}).status == 403
    assert posts(api) == []


def test_the_right_token_alone_logs_in(fresh: Console) -> None:
    for wrong in ("", "x", TOKEN + "x", TOKEN[:-1], "\N{BEER MUG}"):
        answer = fresh.post("/login", {"token": wrong})
        assert (answer.status, "set-cookie" in answer.headers) == (401, False)
    answer = fresh.post("/login", {"token": TOKEN})
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status == 303
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie


def test_wrong_tokens_are_logged_and_counted_and_lock_nobody_out(fresh: Console) -> None:
    for _ in range(20):
        assert fresh.post("/login", {"token": "x"}).status == 401
    assert fresh.get("/api/v1/status", Authorization="Bearer x").status == 401
    assert fresh.post("/login", {"token": TOKEN}).status == 303
    logins = 'brewget_backup_logins_total{result="%s"}'
    found = fresh.metrics()
    assert (found[logins % "refused"], found[logins % "accepted"]) == (21, 1)
    assert fresh.said().count("a wrong token from 127.0.0.1") == 21
    assert fresh.said().count("login from 127.0.0.1") == 1
    assert TOKEN not in fresh.said()


def test_who_did_what_is_one_line_of_log_and_a_counter(console: Console, api: FakeApi) -> None:
    before = console.metrics().get('brewget_backup_actions_total{action="backup"}', 0)
    console.post("/backup", {"key": console.log_in().get("/").key})
    name = api.jobs[-1]["metadata"]["name"]
    assert f"backup by 'token': job {name}\n" in console.said()
    assert console.metrics()['brewget_backup_actions_total{action="backup"}'] == before + 1


def test_logging_out_ends_the_session_itself(console: Console) -> None:
    key = console.log_in().get("/").key
    assert console.post("/logout", {"key": key}).status == 303
    assert console.get("/").status == 303, "the old cookie is worth nothing"


def test_a_changed_token_counts_at_once(fresh: Console) -> None:
    (fresh.base / "token").write_text("another")
    assert fresh.post("/login", {"token": TOKEN}).status == 401
    assert fresh.post("/login", {"token": "another"}).status == 303


def test_a_changed_token_ends_the_sessions_of_the_old_one(fresh: Console) -> None:
    assert fresh.log_in().get("/").status == 200
    (fresh.base / "token").write_text("another")
    assert fresh.get("/").status == 303
    (fresh.base / "token").write_text(TOKEN)
    assert fresh.get("/").status == 200, "it was never another's"


def test_over_https_alone_the_cookie_is_this_hosts(start: Start) -> None:
    secure = start(CONSOLE_HTTPS="true")
    cookie = secure.post("/login", {"token": TOKEN}).headers["set-cookie"]
    assert cookie.startswith("__Host-brewget_console=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    key = secure.log_in().get("/").key
    gone = secure.post("/logout", {"key": key}).headers["set-cookie"]
    assert gone.startswith('__Host-brewget_console="";')
    assert "Secure" in gone


def test_an_empty_token_file_lets_nobody_in(fresh: Console) -> None:
    (fresh.base / "token").write_text("\n")
    assert fresh.post("/login", {"token": ""}).status == 401


def test_a_fault_of_its_own_shows_nothing_and_lets_nobody_in(fresh: Console) -> None:
    (fresh.base / "token").unlink()
    answer = fresh.post("/login", {"token": TOKEN})
    assert answer.status == 500
    assert "Its log says what." in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    wait_for("the log", lambda: "FileNotFoundError" in fresh.said(), 10)


def test_the_proxys_header_counts_from_the_proxy_alone(start: Start) -> None:
    believed = start(
        CONSOLE_PROXY_HEADER="X-Forwarded-Email", CONSOLE_PROXY_ADDRESSES="10.9.0.0/16 127.0.0.1/32"
    )
    page = believed.get("/", X_Forwarded_Email="ann@example.org")
    assert (page.status, "Log out" in page.text) == (200, False), "only the proxy can"
    assert believed.get("/").status == 303
    assert believed.get("/", X_Forwarded_Email="").status == 303
    other = start(CONSOLE_PROXY_HEADER="X-Forwarded-Email", CONSOLE_PROXY_ADDRESSES="10.9.0.0/16")
    assert other.get("/", X_Forwarded_Email="ann@example.org").status == 303
    claimed = other.get("/", X_Forwarded_Email="ann@example.org", X_Forwarded_For="10.9.0.1")
    assert claimed.status == 303
    without = start()
    assert without.get("/", X_Forwarded_Email="ann@example.org").status == 303


@pytest.mark.parametrize(
    "path", ["/", "/login", "/nothing", "/static/console.css", "/metrics", "/static/../app.py"]
)
def test_every_answer_has_the_strict_headers(console: Console, path: str) -> None:
    headers = console.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_no_page_has_inline_script_or_style_or_an_outside_address(
    console: Console, newest: str
) -> None:
    console.log_in()
    for path in PAGES:
        text = console.get(path.replace("NEWEST", newest)).text
        assert "<style" not in text
        assert not re.search(r"""\s(style|on\w+)\s*=""", text)
        assert not re.search(r"<script(?! src=\"/static/)", text)
        assert set(re.findall(r"(?:href|src|action)=\"(?!/|#)([^\"]*)", text)) == set()


def test_hostile_names_stay_text(console: Console) -> None:
    table = {"schema": HOSTILE, "name": HOSTILE, "rows": 1, "hash": None}
    database = {"name": HOSTILE, "file": "one.sql", "bytes": 26, "tables": [table]}
    name = add_set(
        console.store, timedelta(minutes=1), reason=HOSTILE, databases=[database],
        skipped=[{"name": HOSTILE, "why": "\ud800"}],
    )  # fmt: skip
    change_manifest(console.store / name, flagged=HOSTILE)
    console.log_in()
    try:
        for path in ("/", f"/sets/{name}", f"/sets/{name}/restore"):
            answer = console.get(path)
            assert answer.status == 200
            assert "<script>alert" not in answer.text
            assert "&lt;script&gt;alert" in answer.text
            assert '" onload="x' not in answer.text
    finally:
        shutil.rmtree(console.store / name)


def test_a_log_stays_text(console: Console, api: FakeApi) -> None:
    api.log, api.pods = f"{HOSTILE}\n", [{"metadata": {"name": "pod"}, "status": {}}]
    console.log_in()
    to = console.post("/backup", {"key": console.get("/").key}).headers["location"]
    page = console.get(to).text
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "path", ["/sets/..%2f..%2fetc", "/sets/backup_19990101_000000", "/jobs/postgres-0", "/sets/%00"]
)
def test_an_address_made_up_leads_nowhere(console: Console, path: str) -> None:
    assert console.log_in().get(path).status == 404


def test_an_endless_or_broken_form_is_refused(console: Console, api: FakeApi) -> None:
    key = console.log_in().get("/").key
    assert console.post("/backup", {"key": key, "x": "y" * 70_000}).status == 400
    json_form = console.request("POST", "/backup", {"key": key}, Content_Type="application/json")
    assert json_form.status == 400
    assert posts(api) == []


def test_a_job_made_by_hand_with_our_annotation_gives_no_restore(
    console: Console, api: FakeApi, newest: str
) -> None:
    """The annotation can be written by whoever may make Jobs; it still buys no unconfirmed one."""
    wish = {"action": "preview", "set": newest, "databases": ["one"], "replace": True,
            "pin": False, "accept_shrink": False, "by": "x"}  # fmt: skip
    api.jobs.append(
        {
            "metadata": {
                "name": "made-up",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {"brewget.dev/console-request": json.dumps(wish)},
            },
            "status": {"conditions": [{"type": "Complete", "status": "True",
                                       "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        }
    )  # fmt: skip
    key = console.log_in().get("/").key
    answer = console.post("/jobs/made-up/restore", {"key": key, "confirm": newest})
    assert answer.status == 409, "it is not a fresh preview"
    assert posts(api) == []


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"CONSOLE_TOKEN_FILE": ""}, "nobody could log in"),
        ({"CONSOLE_PROXY_HEADER": "X-User"}, "go together"),
        ({"CONSOLE_NOTIFY_FILE": "/x"}, "CONSOLE_STATE"),
        ({"CONSOLE_PORT": "http"}, "CONSOLE_PORT"),
        ({"CONSOLE_TYPO": "1"}, "CONSOLE_TYPO"),
        (
            {"CONSOLE_PROXY_HEADER": "X-User", "CONSOLE_PROXY_ADDRESSES": "10.0.0.1/8"},
            "CONSOLE_PROXY",
        ),
    ],
)
def test_settings_that_cannot_be_used_end_it_with_64(
    start: Start, environment: dict[str, str], words: str
) -> None:
    with pytest.raises(SystemExit, match="ended with 64") as ended:
        start(**environment)
    assert words in str(ended.value)
