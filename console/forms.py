"""Forms: read within bounds, and refused unless they are our own."""

from urllib.parse import parse_qs

from starlette.requests import Request

MOST_BYTES = 64 * 1024
MOST_FIELDS = 2000

Form = dict[str, list[str]]


class FormError(Exception):
    """A body that is not one of our forms."""


async def read(request: Request) -> Form:
    """The fields of a form that was sent URL-encoded, as browsers do by default."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError("it is not sent as a form")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise FormError("it is too large")
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise FormError("it cannot be read") from error


def one(form: Form, key: str) -> str:
    """A field's only value; empty where it is missing or there are several."""
    values = form.get(key, [])
    return values[0] if len(values) == 1 else ""
