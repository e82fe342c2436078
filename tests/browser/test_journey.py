"""The owner's first quarter of an hour, for real: from the claim code to a machine that is up.

A whole router in namespaces, Chromium in front of it, real Nix behind it, QEMU with BIOS firmware
on its network.  Nothing but pages is used; the machine is switched on by hand.
"""

import re

from playwright.sync_api import Browser, expect

from tests.live.standing import INSTALLED, Router, standing
from tests.vm.lab import BOOT_SECONDS, BUILD_SECONDS, Workshop, switched_on

MAC = "52:54:00:6a:6f:79"
PASSWORD = "three words are enough"
PATIENT = BUILD_SECONDS * 1000  # ms
BOOT = BOOT_SECONDS * 1000


def test_an_owner_gets_from_the_claim_code_to_a_booted_machine(chromium: Browser) -> None:
    with standing("journey") as router:
        window = chromium.new_context(base_url=router.url).new_page()
        window.set_default_timeout(PATIENT)

        window.goto("/")
        expect(window.get_by_role("heading", name="Claim this router")).to_be_visible()
        window.get_by_label("Claim code").fill(claim_code(router))
        window.get_by_label("New password").fill(PASSWORD)
        window.get_by_label("The same again").fill(PASSWORD)
        window.get_by_role("button", name="Make it mine").click()
        expect(window).to_have_title(re.compile("Overview"))

        window.goto("/sources")
        sample = INSTALLED / "sample"
        window.get_by_label("Address of the flake").fill(f"git+file://{sample}")
        window.get_by_role("button", name="Look at it").click()
        expect(window.locator("#url-e")).to_contain_text(re.compile("allow", re.IGNORECASE))
        window.get_by_label("Directory", exact=True).fill(str(sample))
        window.get_by_label("Directory", exact=True).press("Enter")
        expect(window.locator("#local")).to_contain_text(str(sample))
        window.get_by_label("Address of the flake").fill(f"git+file://{sample}")
        window.get_by_role("button", name="Look at it").click()
        expect(window.get_by_role("row", name=re.compile("crucible"))).to_contain_text(
            "Native", timeout=PATIENT
        )

        with switched_on(Workshop(router, {}), MAC, "bios", name="journey") as machine:
            code = re.search(r"Its code is (\d{4})", machine.says("Its code is"))
            assert code is not None
            window.goto("/machines")
            waiting = window.locator("#inbox li")
            expect(waiting).to_contain_text(MAC)
            expect(waiting.get_by_role("img")).to_have_attribute(
                "aria-label", f"Code {' '.join(code[1])}"
            )
            choice = waiting.get_by_role("combobox")
            choice.select_option(
                choice.locator("option", has_text="crucible").get_attribute("value")
            )
            waiting.get_by_role("button", name="Boot it").click()
            row = window.get_by_role("row", name=re.compile("crucible"))
            expect(row).to_contain_text("Good", timeout=BOOT)

        row.get_by_role("rowheader").get_by_role("link").click()
        expect(window.get_by_role("heading", level=1)).to_be_visible()
        window.locator('a[href^="/boots/"]').first.click()
        expect(window.get_by_role("heading", level=1)).to_have_text(
            re.compile(r"is up after .*\ss")
        )


def claim_code(router: Router) -> str:
    """What the console shows."""
    return (router.state / "secrets/web/claim").read_text().strip()
