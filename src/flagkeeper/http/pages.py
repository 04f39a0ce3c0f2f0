"""Pages for routes to which browsers are led and no script listens: an error with what can be done about it, or a word
about what was done."""

from html import escape

from flagkeeper.http.errors import BASE_PATH, ErrorAnswer

ASK_PATH = "/auth/access-request"
"""Where somebody asks for access who has shown an identity provider who they are."""
PROOF = "proof"
"""The field of that form."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} - Flagkeeper</title></head>
<body><main><h1>{heading}</h1>
{content}
<p><a href="{login}">Back to the login page</a></p>
{end}</main></body></html>
"""
_ERROR = """<p role="alert">{message}</p>"""
_ASK = """
<form method="post" action="{path}"><input type="hidden" name="{field}" value="{proof}">
<p><button type="submit">Ask for access</button></p></form>"""
_FOUND_AS = (
    "<p><small>An administrator finds this in the history of logins, and in the server's log as {id}.</small></p>\n"
)


def error_page(failed: ErrorAnswer) -> bytes:
    """The same error, with a way back; and with one to access, if it brings the proof that this takes."""
    content = _ERROR.format(message=escape(failed.body.message))
    if failed.proof:
        path = escape(f"{BASE_PATH.get()}{ASK_PATH}")
        content += _ASK.format(path=path, field=PROOF, proof=escape(failed.proof))
    return _page("Not logged in", "You are not logged in", content, _FOUND_AS.format(id=escape(failed.body.id)))


def message_page(title: str, message: str) -> bytes:
    """What was done, in a sentence or two."""
    return _page(title, title, f"<p>{escape(message)}</p>", "")


def _page(title: str, heading: str, content: str, end: str) -> bytes:
    """`content` and `end` are HTML, the rest is text."""
    login = escape(f"{BASE_PATH.get()}/login")
    return _PAGE.format(title=escape(title), heading=escape(heading), content=content, login=login, end=end).encode()
