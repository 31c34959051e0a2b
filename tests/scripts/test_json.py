"""The reader of manifests against Python's: any JSON, with either awk."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lib.scripts import Done, Scripts

TEXT = st.text(st.sampled_from('ab"\\\\/,:{}[] \t\né€😀u0041'), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "a_b", "x-1"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def flat(value: object, path: str = "") -> Iterator[str]:
    """Return the lines that json_flatten is to print."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        yield f"{path}\t{json.dumps(value, ensure_ascii=False)}"
        return
    for key, inner in pairs:
        yield from flat(inner, f"{path}.{key}" if path else str(key))


def flatten(scripts: Scripts, text: str) -> Done:
    """Read this text as a manifest would be."""
    path = scripts.box.base / "some.json"
    path.write_text(text)
    return scripts.functions("list", f'json_flatten "{path}"')


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=st.dictionaries(st.sampled_from(["set", "b"]), VALUES, min_size=1), data=st.data())
def test_any_json_is_read_as_python_reads_it(
    value: dict[str, object], data: st.DataObject, both: Scripts
) -> None:
    indent = data.draw(st.sampled_from([None, 0, 2]))
    is_ascii = data.draw(st.booleans())  # then every other letter is written as \\uXXXX

    done = flatten(both, json.dumps(value, indent=indent, ensure_ascii=is_ascii)).expect(0)

    assert done.stdout.splitlines() == list(flat(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"a": 1',
        '{"a": 1}}',
        '{"a" 1}',
        '{"a": "b}',
        '{"a": "b\\"}',
        '{"a": 1, }',
        "[1 2]",
        '{"a": nil}',
        '{"a": "\x01"}',
        '{"a": "b\tc"}',
        '{"a": 1] ',
        '"a": 1',
        '{"a":\n"b\n"}',
    ],
)
def test_what_is_no_json_is_damaged(text: str, both: Scripts) -> None:
    done = flatten(both, text).expect(65)

    assert "some.json" in done.stderr


def test_what_awk_writes_is_json(both: Scripts) -> None:
    """A name with a quote or a backslash was not, depending on whose awk wrote it."""
    texts = ['a"b', "a\\b", '\\"', '"\\\\"', "a&b", "a\tb"]
    lines = """awk "$AWK_TEXT"'{ print quote($0) }' <<<"$1" """

    done = both.functions("list", lines, "\n".join(texts)).expect(0)

    written = [json.loads(line) for line in done.stdout.splitlines()]
    assert written == [text.replace("\t", " ") for text in texts]
