"""English and Chinese, there and back; the public form in Chinese on a phone, also where no script runs."""

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Customer, photo

pytestmark = pytest.mark.xdist_group("journeys")

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def heading(window):
    return window.page.get_by_role("heading", level=1)


def there_and_back(window, english, chinese):
    address = window.page.url
    expect(heading(window)).to_have_text(english)
    window.press("中文")
    expect(heading(window)).to_have_text(chinese)
    expect(window.page.locator("html")).to_have_attribute("lang", "zh-hans")
    assert window.page.url == address
    window.press("English")
    expect(heading(window)).to_have_text(english)
    expect(window.page.locator("html")).to_have_attribute("lang", "en")


def test_the_language_switches_there_and_back(open_window, sign_in):
    there_and_back(open_window().go("/"), "What is wrong with your electricity?", "您的用电遇到了什么问题？")
    there_and_back(sign_in("supervisor").go("/desk/?view=all&category=OUT"), "Queue", "投诉队列")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_public_form_in_chinese_fits_a_phone(open_window, scripts):
    customer = open_window(Customer, language="zh-hans", java_script_enabled=scripts, **PHONE)
    widths = {}

    def measure():
        widths[customer.page.url] = customer.scrolls_sideways()

    customer.go("/complain/")
    measure()
    customer.answer_up_to_check(go_on="继续", after_step=measure, photo=photo(), language="zh-hans")
    reference = customer.send("提交投诉")
    measure()
    customer.page.get_by_role("link", name="查看我的投诉").click()
    customer.sees(reference)
    measure()
    assert len(widths) == 9
    assert not any(widths.values()), widths


def test_a_step_with_errors_fits_a_phone_too(open_window):
    customer = open_window(Customer, language="zh-hans", **PHONE)
    customer.go("/").page.locator('button[name="category"][value="OUT"]').click()
    customer.press("继续")
    customer.is_refused()
    assert not customer.scrolls_sideways()
