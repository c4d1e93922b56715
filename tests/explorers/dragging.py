"""Drags on an explorer's photo, in headless Chromium."""


def drag(page, explorer, side, start, by):
    """From a point of the photo, in its pixels, by so many of them; the photo is drawn `side` CSS pixels long."""
    x1, y1, x2, y2 = explorer.canvas.region
    at, zoom = page.locator("canvas").first.bounding_box(), side / max(x2 - x1, y2 - y1)
    x, y = at["x"] + (start[0] - x1) * zoom, at["y"] + (start[1] - y1) * zoom
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] * zoom / 2, y + by[1] * zoom / 2)
    page.mouse.move(x + by[0] * zoom, y + by[1] * zoom)
    page.mouse.up()
