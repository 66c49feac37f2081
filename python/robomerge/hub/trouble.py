"""What goes wrong on the way to the Hub: what is tried again, and what is told to the user."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from robomerge.report import Problem

T = TypeVar("T")

#: Answers after which the same request may succeed.
TRANSIENT = (408, 429, 500, 502, 503, 504)
#: How often a request is made before it is given up.
MOST_TRIES = 6
_FIRST_WAIT_SECONDS = 0.2
#: Of what the Hub asks for; its limits count within five minutes.
_MOST_WAIT_SECONDS = 300.0
_MOST_TEXT = 200


class HubError(Exception):
    """Problems with the Hub. The callers of this package make exceptions or messages of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def require_huggingface_hub(what_for: str) -> None:
    """Raises HubError (E-hub-python)."""
    try:
        import httpx  # noqa: F401  what huggingface_hub 1.x is made of
        import huggingface_hub  # noqa: F401
    except ImportError:
        import shlex
        import sys

        hint = f"run: {shlex.quote(sys.executable)} -m pip install 'huggingface_hub>=1.6,<2'"
        what = "huggingface_hub is not installed, which the Hub needs"
        raise HubError(
            [Problem("unsupported", "E-hub-python", what, where=what_for, found=f"Python {sys.executable}", hint=hint)]
        ) from None


def status_of(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    return getattr(response, "status_code", None)


def is_transient(error: BaseException) -> bool:
    import httpx

    if isinstance(error, httpx.TransportError):
        return not isinstance(error, httpx.UnsupportedProtocol)  # which stays what it is
    # huggingface_hub wraps what fails while it uploads.
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        return is_transient(error.__cause__)
    return status_of(error) in TRANSIENT


def seconds_to_wait(error: BaseException, tries: int) -> float:
    """Before the next try, when there were `tries`."""
    asked = 0.0
    headers: Any = getattr(getattr(error, "response", None), "headers", {})
    if str(headers.get("retry-after", "")).isdigit():
        asked = float(headers["retry-after"])
    elif match := re.search(r"\bt=(\d+)", headers.get("ratelimit", "") if status_of(error) == 429 else ""):
        asked = float(match[1])
    return max(min(asked, _MOST_WAIT_SECONDS), _FIRST_WAIT_SECONDS * 2 ** (tries - 1))


def patiently(call: Callable[[], T]) -> T:
    """Calls, and calls again after transient failures."""
    for tries in range(1, MOST_TRIES):
        try:
            return call()
        except Exception as error:
            if not is_transient(error):
                raise
            time.sleep(seconds_to_wait(error, tries))
    return call()


def problem_of(error: Exception, what: str, address: str, where: str = "", *, cache_helps: bool = True) -> Problem:
    """The problem that `error`, of huggingface_hub or of the network, is. `what` was not possible."""
    import httpx
    from huggingface_hub import errors

    if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    status = status_of(error)
    code, hint = "not_found", "check the name"
    if isinstance(error, errors.GatedRepoError):
        page = f"its page, datasets/{address.removeprefix('hf://datasets/').partition('@')[0]}"
        hint = f"ask for access on {page}, and log in with: hf auth login"
    elif isinstance(error, errors.RevisionNotFoundError):
        hint = "check what stands after `@`: a tag, a branch or a commit"
    elif isinstance(error, errors.RepositoryNotFoundError) or status == 401:
        hint = "check the name; a private dataset needs a token: hf auth login, or HF_TOKEN"
    elif status == 403:
        code, hint = "io", "use a token that may do this: hf auth login, or HF_TOKEN"
    elif status == 412:
        code, hint = "already_exists", "somebody else has pushed meanwhile: look at it, then run the same command again"
    elif status == 404:
        hint = "the Hub lists it and does not have it: tell those who keep the dataset"
    elif is_transient(error) or status is not None:
        code, hint = "io", "wait a while, then run the same command again: it goes on where it was"
    if isinstance(error, httpx.ConnectError):
        hint = "connect to the network"
        if cache_helps:
            hint += ", or set HF_HUB_OFFLINE=1 to use what is in the cache"
    elif isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL)):
        code, hint = "invalid_argument", "this is no address: " + _endpoint_hint()
    elif isinstance(error, OSError) and not isinstance(error, errors.HfHubHTTPError) and status is None:
        code, hint = "io", "run the same command again when the system permits: it goes on where it was"
    return Problem(code, "E-hub", what, source=address, where=where, found=_reason(error, status), hint=hint)


def _endpoint_hint() -> str:
    import os

    value = os.environ.get("HF_ENDPOINT")
    if value is None:
        return "tell those who keep the dataset"
    return f"HF_ENDPOINT is `{value[:_MOST_TEXT]}`: unset it, or set it to one like https://huggingface.co"


def _reason(error: Exception, status: int | None) -> str:
    if status is not None:
        names = {401: "no such dataset, or not for you", 403: "forbidden", 404: "not found", 429: "too many requests"}
        return f"HTTP status {status}" + (f" ({names[status]})" if status in names else "")
    return without_secrets(f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}")[:_MOST_TEXT]


def without_secrets(text: str) -> str:
    """Signed addresses and tokens are nobody's to read."""
    from huggingface_hub import get_token

    token = get_token()
    if token:
        text = text.replace(token, "***")
    return re.sub(r"hf_[A-Za-z0-9]{8,}", "***", re.sub(r"\?[^\s'\"]+", "?...", text))
