"""Record docs/threshold.webp, the README's first screen: chapter 03's threshold, dragged through the page itself.

    make site && .venv/bin/python docs/site/recording.py

It needs Chromium. Look at what comes out before committing it.
"""

import io
import shutil

from PIL import Image
from playwright.sync_api import sync_playwright
from sources import ROOT

PAGE = ROOT / "site" / "notebooks" / "03_pnet.html"
TO = ROOT / "docs" / "threshold.webp"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDE, HIGH = 740, 560  # CSS pixels
WAY = [*range(60, 24, -3), *range(24, 97, 4), *range(97, 59, -4)]  # hundredths of the slider's way, as it is dragged
LARGEST = 2_000_000  # bytes


def main() -> None:
    frames = []
    with sync_playwright() as play:
        found = next(filter(None, map(shutil.which, BROWSERS)))
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--hide-scrollbars"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="light")
        page.goto(PAGE.as_uri())
        place = page.locator(".explorer[data-alive=yes]").first
        slider = place.get_by_role("slider", name="score threshold")
        slider.scroll_into_view_if_needed()
        stops = int(slider.get_attribute("max") or 0)
        at = place.bounding_box()
        assert at is not None
        clip = {"x": at["x"], "y": at["y"], "width": WIDE, "height": min(HIGH, at["height"])}
        for part in WAY:
            slider.fill(str(round(part * stops / 100)))
            page.wait_for_timeout(60)
            frames.append(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))
        browser.close()
    for quality in (70, 55, 40):
        frames[0].save(TO, save_all=True, append_images=frames[1:], duration=130, loop=0, quality=quality, method=4)
        if TO.stat().st_size <= LARGEST:
            break
    print(f"{TO}: {len(frames)} frames, {TO.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
