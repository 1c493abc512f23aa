"""Programs of their own in a real browser: all is erased, a password is asked for, TLS is spoken."""

import subprocess
import sys

from playwright.sync_api import expect

from tests.support.browsed import Watched
from tests.support.browser import PASSWORD, ROOT, Served


def test_everything_is_erased_by_one_button(chromium, tmp_path, real):
    program = Served(tmp_path)
    try:
        one = Watched(chromium, program.address, locale="en-GB")
        reading = one.read(real, "ERASE-ME-77")
        one.page.goto("/privacy")
        expect(one.page.get_by_text("1 reading is kept now.")).to_be_visible()
        one.page.get_by_label("Yes, erase all readings").check()
        one.page.get_by_role("button", name="Erase everything").click()
        expect(one.page.get_by_text("1 reading was erased, with its pictures.")).to_be_visible()
        assert one.page.goto(reading).status == 404
        one.context.close()
    finally:
        program.close()
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"ERASE-ME-77" not in left and b"\xff\xd8\xff" not in left


def test_a_wrong_password_is_refused_and_the_right_one_opens(chromium, tmp_path, real):
    setting = [sys.executable, "-m", "edge_app", "serve", "--state", str(tmp_path), "--set-password"]
    subprocess.run(setting, cwd=ROOT, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True)
    program = Served(tmp_path)
    try:
        one = Watched(chromium, program.address, locale="en-GB")
        page = one.page
        page.goto("/history")
        expect(page.locator("h1")).to_have_text("Log in")
        expect(page.get_by_role("navigation")).to_have_count(0)
        page.get_by_label("Password of this device").fill("three rays")
        page.get_by_role("button", name="Log in").click()
        assert page.get_by_role("alert").inner_text().endswith("Wrong password.")
        assert page.get_by_label("Password of this device").input_value() == ""
        page.get_by_role("button", name="Français").click()
        expect(page.locator("h1")).to_have_text("Se connecter")
        page.get_by_role("button", name="English").click()
        page.goto("/history")
        page.get_by_label("Password of this device").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("h1")).to_have_text("History")
        reading = one.read(real)
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("h1")).to_have_text("Log in")
        page.goto(reading)
        expect(page.locator("h1")).to_have_text("Log in")
        one.context.close()
    finally:
        program.close()
    assert PASSWORD not in "".join(program.told)


def test_under_tls_all_is_the_same_and_the_fingerprint_is_shown(chromium, tmp_path, real):
    program = Served(tmp_path, "--tls")
    try:
        one = Watched(chromium, program.address, locale="en-GB", ignore_https_errors=True)
        assert program.address.startswith("https://")
        one.read(real, "TLS-1")
        expect(one.page.locator("h1")).to_have_text("Unsure: refer to a radiologist")
        one.page.get_by_role("button", name="Español").click()
        assert one.page.locator("html").get_attribute("lang") == "es"
        one.page.goto("/status")
        printed = next(line.split()[-1] for line in program.told if line.startswith("Certificate"))
        expect(one.page.get_by_text(printed)).to_be_visible()
        cookies = one.context.cookies()
        assert cookies and all(one["secure"] and one["httpOnly"] and one["sameSite"] == "Strict" for one in cookies)
        assert one.complaints == []
        one.context.close()
    finally:
        program.close()
