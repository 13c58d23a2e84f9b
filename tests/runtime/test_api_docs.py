"""The machine interface describes itself, and its page works under our own security policy."""

import pytest


@pytest.mark.django_db
def test_the_schema_names_the_complaints(client):
    answer = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert "/api/v1/complaints/" in answer.json()["paths"]


@pytest.mark.xdist_group("browser")
def test_the_browsable_page_draws_itself_without_inline_script(live_server, page):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server.url}/api/docs/")
    page.get_by_role("heading", name="Redress").wait_for()
    page.get_by_text("/api/v1/complaints/").first.wait_for(timeout=10_000)
    assert complaints == []
