"""An error as a page, for routes to which browsers are led and no script listens."""

from html import escape

from flagkeeper.http.errors import BASE_PATH, ErrorAnswer

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not logged in - Flagkeeper</title></head>
<body><main><h1>You are not logged in</h1>
<p role="alert">{message}</p>
<p><a href="{login}">Back to the login page</a></p>
<p><small>An administrator finds this in the history of logins, and in the server's log as {id}.</small></p>
</main></body></html>
"""


def error_page(failed: ErrorAnswer) -> bytes:
    """The same error, with a way back."""
    login = f"{BASE_PATH.get()}/login"
    return _PAGE.format(message=escape(failed.body.message), login=escape(login), id=escape(failed.body.id)).encode()
