from services.netboot.urls.asker import text, unknown_token


def test_every_answer_is_a_line_of_text() -> None:
    told = text(404, "There is no loader here.")
    assert (told.status, told.text) == (404, "There is no loader here.\n")
    assert told.content_type == "text/plain"


def test_an_empty_answer_stays_empty() -> None:
    assert text(200, "").text == ""


def test_g73_ipxe_is_told_when_to_ask_again() -> None:
    assert text(503, "Wait.", retry_seconds=3).headers["Retry-After"] == "3"
    assert "Retry-After" not in text(503, "Wait.").headers


def test_a_token_that_is_nobodys_says_what_to_do() -> None:
    assert (unknown_token().status, "Boot again." in str(unknown_token().text)) == (404, True)
