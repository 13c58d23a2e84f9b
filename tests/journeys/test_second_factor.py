"""A passkey and an app, set up and shown in a real browser; the authenticator is the browser's own virtual one."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Staff

pytestmark = pytest.mark.xdist_group("journeys")
MAKE = """
from staff.models import User, Branch
user = User.objects.create_user({name!r}, password="quiet river under snow", role="agent", full_name="Key Holder",
    branch=Branch.objects.get(parent=None), language="en")
"""
CODE_OF = """
import time
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
device = TOTPDevice.objects.get(user__username={name!r})
print("CODE", f"{{totp(device.bin_key, drift=int(device.last_t >= int(time.time()) // 30)):06d}}")
"""


@pytest.fixture
def holder(product, open_window):
    """Somebody new who comes by a name, because browsers bind passkeys to names."""
    name = f"holder-{time.monotonic_ns()}"
    product.manage("shell", "-v0", "-c", MAKE.format(name=name))
    window = open_window(Staff, base_url=product.address.replace("127.0.0.1", "localhost"))
    window.page.context.add_cookies(
        [{"name": "language", "value": "en", "url": product.address.replace("127.0.0.1", "localhost")}]
    )
    window.username = name
    return window


def give_password(window):
    window.go("/sign-in/").fill(username=window.username, password="quiet river under snow")
    window.press("Sign in")


def sign_out(window):
    window.page.context.clear_cookies(name="sessionid")


def code_of(product, window):
    said = product.manage("shell", "-v0", "-c", CODE_OF.format(name=window.username))
    return re.search(r"CODE (\d{6})", said)[1]


def test_a_passkey_is_added_and_opens_the_door(holder):
    browser = holder.page.context.new_cdp_session(holder.page)
    browser.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    key = browser.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    give_password(holder)
    expect(holder.page).to_have_url(re.compile("/desk/"))
    holder.go("/account/second-factor/").page.get_by_role("link", name="Add a passkey").click()
    holder.fill(name="work phone")
    holder.press("Add a passkey")
    holder.sees("Put them away now")
    expect(holder.page.locator(".codes li")).to_have_count(10)
    holder.page.get_by_role("link", name="I have put them away").click()
    holder.sees("work phone")

    sign_out(holder)
    give_password(holder)
    holder.sees("Show your passkey")
    holder.go("/sign-in/second/")
    holder.press("Use the passkey")
    expect(holder.page).to_have_url(re.compile("/desk/"))

    sign_out(holder)
    browser.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    give_password(holder)
    holder.press("Use the passkey")
    holder.sees("The browser gave no passkey")
    holder.page.goto("/desk/")
    expect(holder.page).to_have_url(re.compile("/sign-in/"))


def test_an_app_is_set_up_and_its_code_opens_the_door_by_keyboard(product, holder):
    give_password(holder)
    expect(holder.page).to_have_url(re.compile("/desk/"))
    holder.go("/account/second-factor/app/")
    expect(holder.page.locator(".qr-code svg")).to_be_visible()
    holder.fill(code=code_of(product, holder))
    holder.page.keyboard.press("Enter")
    holder.sees("Put them away now")
    sign_out(holder)
    give_password(holder)
    holder.sees("type the code")
    holder.fill(code="12")
    holder.page.keyboard.press("Enter")
    holder.is_refused()
    time.sleep(1.1)  # the app makes one wait a second after a wrong code
    holder.fill(code=code_of(product, holder))
    holder.page.keyboard.press("Enter")
    expect(holder.page).to_have_url(re.compile("/desk/"))
