"""Cookies as this server sets them, and the page for browsers that were led to an error."""

from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.http.cookies import Cookies
from flagkeeper.http.errors import BASE_PATH, answer
from flagkeeper.http.pages import error_page
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Forbidden


def test_a_session_is_out_of_the_reach_of_scripts_and_of_other_sites() -> None:
    cookie = Cookies(secure=True, base_path="/flags").session("secret", 90 * clock.SECOND)
    assert (cookie.key, cookie.value, cookie.max_age, cookie.path) == (SESSION_COOKIE, "secret", 90, "/flags")
    assert (cookie.httponly, cookie.samesite, cookie.secure) == (True, "lax", True)
    assert Cookies(secure=False, base_path="").session("secret", 0).secure is False


def test_a_cookie_is_for_what_is_below_its_path() -> None:
    for base, path, meant in (
        ("", "/", "/"),
        ("", "/auth", "/auth"),
        ("/flags", "/", "/flags"),
        ("/flags", "/auth", "/flags/auth"),
    ):
        cookie = Cookies(secure=True, base_path=base).cookie("a", "b", 0, path)
        assert (cookie.path, cookie.max_age) == (meant, 0)


def test_an_error_page_leads_back_and_takes_nothing_for_markup() -> None:
    failed = answer(Forbidden("No <script> here."))
    token = BASE_PATH.set('/a"b')
    try:
        page = error_page(failed).decode()
    finally:
        BASE_PATH.reset(token)
    assert "No &lt;script&gt; here." in page
    assert 'href="/a&quot;b/login"' in page
    assert failed.body.id in page
