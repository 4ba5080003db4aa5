import json

import pytest

from stages.core.errors import InputError
from stages.report.site.page import _inlined, as_script


@pytest.mark.parametrize("text", ["</script><script>x()</script>", "<!-- <script>", "\u2028", "]]>", 'a"b\\c'])
def test_data_end_no_element_and_come_back_as_they_were(text):
    script = as_script({"text": text})
    assert "<" not in script
    assert "\u2028" not in script
    assert json.loads(script) == {"text": text}


def test_what_is_no_number_of_json_is_refused():
    with pytest.raises(ValueError, match="Out of range float values"):
        as_script({"loss": float("nan")})


@pytest.mark.parametrize(("code", "element"), [("a</Script>", "script"), ("a<!--", "script"), ("</style>", "style")])
def test_code_that_would_end_its_element_is_refused(code, element):
    with pytest.raises(InputError, match=f"^the code in a {element} element of the page holds"):
        _inlined(code, element)


def test_code_is_not_escaped():
    assert _inlined("a < b && c", "script") == "a < b && c"
