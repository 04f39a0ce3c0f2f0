"""Body templates: what mustache says, where errors are, and that nothing grows without bound."""

import importlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.integrations.protocol.template import LONGEST_TEMPLATE, InJson, TemplateError, parse, place_of, render

pystache: Any = importlib.import_module("pystache")
"""Another mustache, which knows no types."""

VALUES: dict[str, Any] = {
    "name": "Chris",
    "html": "<b>\"A\" & 'B'</b>",
    "count": 3,
    "price": 1.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "zero": 0,
    "empty": "",
    "none": [],
    "object": {},
    "list": [1, 2, 3],
    "people": [{"name": "Anna"}, {"name": "Bo", "html": "bo"}],
    "a": {"b": {"c": "deep"}, "name": "inner"},
    "nested": [[1, 2], [3]],
}


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("", ""),
        ("plain } text {", "plain } text {"),
        ("Hi {{name}}!", "Hi Chris!"),
        ("{{ name }}{{name }}{{\tname\n}}", "ChrisChrisChris"),
        ("{{html}}", "&lt;b&gt;&quot;A&quot; &amp; &#x27;B&#x27;&lt;/b&gt;"),
        ("{{{html}}} {{&html}} {{& html }}", " ".join(["<b>\"A\" & 'B'</b>"] * 3)),
        ("{{missing}}|{{a.missing}}|{{missing.name}}|{{name.x}}|{{nothing}}", "||||"),
        ("{{count}} {{price}} {{yes}} {{no}} {{zero}}", "3 1.5 true false 0"),
        ("{{{list}}} {{{a.b}}}", '[1,2,3] {"c":"deep"}'),
        ("{{a.b.c}} {{a.name}}", "deep inner"),
        ("{{people.1.name}}{{people.7.name}}{{people.x}}", "Bo"),
        ("{{#yes}}a{{/yes}}{{#no}}b{{/no}}{{^yes}}c{{/yes}}{{^no}}d{{/no}}", "ad"),
        (
            "{{#nothing}}a{{/nothing}}{{#zero}}a{{/zero}}{{#empty}}a{{/empty}}{{#none}}a{{/none}}{{#missing}}a{{/missing}}",
            "",
        ),
        (
            "{{^nothing}}a{{/nothing}}{{^zero}}b{{/zero}}{{^empty}}c{{/empty}}{{^none}}d{{/none}}{{^missing}}e{{/missing}}",
            "abcde",
        ),
        ("{{#object}}there{{/object}}", "there"),
        ("{{#list}}<{{.}}>{{/list}}", "<1><2><3>"),
        ("{{#nested}}({{#.}}{{.}}{{/.}}){{/nested}}", "(12)(3)"),
        (
            "{{#people}}{{name}}-{{count}}-{{html}};{{/people}}",
            "Anna-3-&lt;b&gt;&quot;A&quot; &amp; &#x27;B&#x27;&lt;/b&gt;;Bo-3-bo;",
        ),
        ("{{#a}}{{name}} {{b.c}}{{#b}} {{c}} {{name}}{{/b}}{{/a}}", "inner deep deep inner"),
        ("{{#a.b}}{{c}}{{/a.b}}", "deep"),
        ("{{#name}}{{.}}{{/name}}", "Chris"),
        ("{{! a comment }}x{{!\nof {{two lines\n}}y", "xy"),
        ("a\n{{#yes}}\nb\n{{/yes}}\nc\n", "a\nb\nc\n"),
        ("a\r\n  {{! alone }}  \r\nb", "a\r\nb"),
        ("  {{#yes}}\n  b{{/yes}}\n", "  b\n"),
        ("{{#yes}}\n{{/yes}}", ""),
        (" {{^no}}\n x\n {{/no}}", " x\n"),
        ("a {{#yes}} b {{/yes}} c\n", "a  b  c\n"),
        ("{{name}} \n", "Chris \n"),
    ],
)
def test_templates_are_filled(template: str, result: str) -> None:
    assert render(template, VALUES) == result


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("ab {{name", r"Line 1, column 4: \{\{ has no \}\}\."),
        ("{{{name}}", r"Line 1, column 1: \{\{\{ has no \}\}\}\."),
        ("a\nbc {{#x}} d", "Line 2, column 4: the section 'x' is never closed."),
        ("a\n\n {{/x}}", "Line 3, column 2: the section 'x' was not opened."),
        ("{{#x}}{{#y}}{{/x}}{{/y}}", "Line 1, column 13: 'x' is closed while 'y' is open."),
        ("{{}}", "Line 1, column 1: a name is missing."),
        ("{{# }}", "Line 1, column 1: a name is missing."),
        ("{{a b}}", "Line 1, column 1: 'a b' is no name."),
        ("{{> part}}", r"Line 1, column 1: \{\{> is not supported here\."),
        ("{{=<% %>=}}", r"Line 1, column 1: \{\{= is not supported here\."),
        ("{{<layout}}", "is not supported here"),
        ("{{$block}}", "is not supported here"),
        ("x" * (LONGEST_TEMPLATE + 1), "at most 50000 characters"),
        ("{{#a}}" * 30 + "{{/a}}" * 30, "more than 20 sections inside each other"),
    ],
)
def test_errors_say_where(template: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse(template)


def test_nothing_grows_without_bound() -> None:
    begun = time.monotonic()
    many = {"l": list(range(1000)), "text": "x" * 10_000}
    for template in (
        "{{#l}}{{#l}}{{#l}}{{#l}}x{{/l}}{{/l}}{{/l}}{{/l}}",
        "{{#l}}{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}{{/l}}",
        "{{#l}}{{{text}}}{{/l}}",
        "{{#l}}" * 20 + "{{/l}}" * 20,
    ):
        with pytest.raises(TemplateError, match=r"more than 1000000 characters|repeats itself too often"):
            render(template, many)
    assert time.monotonic() - begun < 10


def test_a_sentence_is_json_where_it_stands_between_quotes() -> None:
    values = {"text": InJson('a "b"\n\\ <c>'), "other": 'x"y'}
    assert json.loads(render('{"t": "now: {{{text}}}!"}', values)) == {"t": 'now: a "b"\n\\ <c>!'}
    assert json.loads(render('{"a": "\\"", "t": "{{{text}}}"}', values))["t"] == 'a "b"\n\\ <c>'
    assert json.loads(render('{"t": "{{text}}"}', values))["t"] == 'a "b"\n\\ <c>'
    assert render("t: {{{text}}}", values) == 't: a "b"\n\\ <c>'
    assert render('"{{{other}}}"', values) == '"x"y"'


@pytest.mark.parametrize(
    "template",
    [
        '{"t": "VALUE"}',
        '{"a": "\\"", "t": "VALUE"}',
        '  {\n "t": "VALUE"}',
        '{{#yes}}{"t": "VALUE"}{{/yes}}',
        '{{! note }}{ {{#yes}}"t": "VALUE"{{/yes}} }',
    ],
)
@pytest.mark.parametrize("value", ["{{text}}", "{{{text}}}", "{{& text}}"])
def test_every_value_in_a_json_string_is_escaped_and_stays_what_it_is(template: str, value: str) -> None:
    odd = 'Say "hi"\nand C:\\temp & <more>\t\u2028\x00\''
    made = render(template.replace("VALUE", value), {"text": odd, "yes": True})
    assert json.loads(made)["t"] == odd


def test_whatever_stands_in_json_stays_json() -> None:
    values = {"object": {"a": 'x"y'}, "list": [1, "a\\"], "count": 3, "none": None, "text": 'a"b'}
    assert json.loads(render('{"o": {{{object}}}, "l": {{list}}, "c": {{count}}}', values)) == {
        "o": {"a": 'x"y'},
        "l": [1, "a\\"],
        "c": 3,
    }
    assert json.loads(json.loads(render('{"o": "{{object}}"}', values))["o"]) == {"a": 'x"y'}
    assert json.loads(render('[{"n": "{{none}}{{missing}}"}, "{{text}}"]', values)) == [{"n": ""}, 'a"b']


@pytest.mark.parametrize("sentence", ['[prod] "{{text}}"', '[{{count}}] "{{text}}"', '"{{text}}"', '<t a="{{text}}"/>'])
def test_what_is_no_json_is_not_escaped_for_it(sentence: str) -> None:
    assert '"a&quot;b"' in render(sentence, {"text": 'a"b', "count": 1})


@pytest.mark.parametrize(
    ("content_type", "template", "made"),
    [
        ("", '{"t": "{{t}}"}', '{"t": "a\\"<ä>&+\\n"}'),
        ("", "now: {{t}} {{{t}}}", 'now: a"<ä>&+\n a"<ä>&+\n'),
        ("", "<b>{{t}}</b>{{{t}}}", '<b>a&quot;&lt;ä&gt;&amp;+\n</b>a"<ä>&+\n'),
        ("text/plain; charset=utf-8", "<b>{{t}}", '<b>a"<ä>&+\n'),
        ("text/plain", '{"t": "{{t}}"}', '{"t": "a\\"<ä>&+\\n"}'),
        ("text/html", "{{t}}", "a&quot;&lt;ä&gt;&amp;+\n"),
        ("image/svg+xml", "{{t}}", "a&quot;&lt;ä&gt;&amp;+\n"),
        ("application/cloudevents+json", '"{{t}}"', '"a\\"<ä>&+\\n"'),
        ("Application/JSON;charset=utf-8", '"{{{t}}}"', '"a\\"<ä>&+\\n"'),
        ("application/x-www-form-urlencoded", "t={{t}}&u={{{o}}}", "t=a%22%3C%C3%A4%3E%26%2B%0A&u=%7B%22a%22%3A1%7D"),
        ("application/x-www-form-urlencoded", '{"{{t}}', '{"a%22%3C%C3%A4%3E%26%2B%0A'),
    ],
)
def test_values_are_escaped_for_the_place_where_they_stand(content_type: str, template: str, made: str) -> None:
    values = {"t": 'a"<ä>&+\n', "o": {"a": 1}}
    assert render(template, values, place_of(content_type, template)) == made


TEXTS = st.sampled_from(["a", "\n", "\n  ", "x y", '"', "\r\n", "&"])
"""No blanks between a tag and the end of its line: the other one lets them stand."""
NAMES = st.sampled_from(["s", "t", "d.s", "d.d.t", "missing", "d.missing"])
SECTIONS = st.sampled_from(["d", "l", "b", "f", "n", "e", "missing", "d.d", "d.l"])


@st.composite
def templates(draw: st.DrawFn, depth: int = 3) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.integers(0, 5 if depth else 3))
        if kind <= 1:
            parts.append(draw(TEXTS))
        elif kind == 2:
            parts.append(draw(st.sampled_from(["{{NAME}}", "{{{NAME}}}", "{{& NAME }}"])).replace("NAME", draw(NAMES)))
        elif kind == 3:
            parts.append("{{! note }}")
        else:
            name = draw(SECTIONS)
            sign = draw(st.sampled_from("#^"))
            parts.append("".join(["{{", sign, name, "}}", draw(templates(depth=depth - 1)), "{{/", name, "}}"]))
    return "".join(parts)


@given(templates())
def test_it_writes_what_another_mustache_writes(template: str) -> None:
    leaf = {"s": "<s>", "t": "", "l": [{"t": "1"}, {"t": "2"}]}
    values = {
        "s": "S & Co",
        "t": "t'",
        "b": True,
        "f": False,
        "n": None,
        "e": [],
        "d": {"s": "ds", "l": [{"s": "x"}], "d": leaf},
        "l": [{"s": "one"}, {"t": "two", "d": leaf}],
    }
    assert render(template, values) == pystache.render(template, values)
