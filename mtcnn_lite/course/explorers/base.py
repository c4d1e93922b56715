"""What every explorer is made of: a drawing in the browser, controls that move it, and a still picture of the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import Picture, alt_metadata
from mtcnn_lite.explain import explain
from mtcnn_lite.images import ImageError, as_rgb, decode_image, shrink_to

FOLDER = Path(__file__).parent
TRAITS = {bool: traitlets.Bool, int: traitlets.Int, float: traitlets.Float, str: traitlets.Unicode,
          bytes: traitlets.Bytes, list: traitlets.List}  # fmt: skip


def synced(default: Any) -> Any:
    """A trait of the default's type, which the kernel and the browser share."""
    return TRAITS[type(default)](default).tag(sync=True)


class Drawing(anywidget.AnyWidget):
    """What an explorer draws in the browser: a script of this folder, and the traits that it shares with Python.

    `controls` are the widgets beside it that its script may name, move or switch off; of these, those in
    `needs_python` have no answer in the browser. On a page without a kernel the script switches them off and says so.
    `others` are photos that come with the page, by the names that the control `choice` has for them: the traits that
    change with the photo. Where a kernel runs, that sends them.

    Parameters
    ----------
    *scripts : str, the files; common.js goes in front, as a widget's code is one text and can't import a neighbour
    **values : what the traits begin with, those of a subclass and others
    """

    _css: Path | str = FOLDER / "canvas.css"
    controls = traitlets.Dict().tag(sync=True, **ipywidgets.widget_serialization)
    needs_python: "traitlets.List[str]" = traitlets.List().tag(sync=True)
    others: "traitlets.Dict[str, dict[str, Any]]" = traitlets.Dict().tag(sync=True)

    def __init__(self, *scripts: str, **values: Any) -> None:
        self._esm = "".join((FOLDER / script).read_text() for script in ("common.js", *scripts))
        self.add_traits(**{name: synced(value) for name, value in values.items() if not self.has_trait(name)})
        super().__init__(**values)

    def own(self, **controls: ipywidgets.Widget) -> None:
        """Tell the script of controls, by their names."""
        self.controls = {**self.controls, **controls}

    def ask_python(self, **controls: ipywidgets.Widget) -> None:
        """Tell the script of controls that only Python can answer."""
        self.own(**controls)
        self.needs_python = [*self.needs_python, *controls]


# --- controls


def look(label: int, width: int = 400) -> dict[str, Any]:
    """The arguments that make a slider `width` px wide, `label` of them for its description."""
    return {"style": {"description_width": f"{label}px"}, "layout": ipywidgets.Layout(width=f"{width}px")}


def buttons(options: Any, index: int = 0) -> ipywidgets.ToggleButtons:
    """Buttons of which one is pushed, each as wide as its text."""
    return ipywidgets.ToggleButtons(options=options, index=index, style={"button_width": "auto"})


def tick(text: str, value: bool = False) -> ipywidgets.Checkbox:
    """A box to tick, at the left edge."""
    return ipywidgets.Checkbox(value, description=text, indent=False)


def sliders(drawing: Drawing, looks: dict[str, Any], **ends: tuple[Any, ...]) -> dict[str, Any]:
    """Sliders by the names of the traits that they move, each where its trait stands.

    Parameters
    ----------
    drawing : Drawing, whose traits they move; a whole number's slider stops at whole numbers
    looks : what `look` gave
    **ends : (str, low, high, step), what the slider of this trait says, and where it can stand
    """
    made = {}
    for trait, (says, low, high, step) in ends.items():
        value = getattr(drawing, trait)
        if isinstance(value, int):
            made[trait] = ipywidgets.IntSlider(value, min=low, max=high, step=step, description=says, **looks)
        else:
            digits = len(f"{step:g}".partition(".")[2])  # as many as two stops differ in
            made[trait] = ipywidgets.FloatSlider(
                value, min=low, max=high, step=step, description=says, readout_format=f".{digits}f", **looks
            )
    link(drawing, **made)
    return made


def in_row(*parts: ipywidgets.Widget | str, align: str | None = "center") -> ipywidgets.HBox:
    """Controls beside one another, with labels (the strings) between; they wrap where the page is narrow."""
    widgets = [ipywidgets.Label(part) if isinstance(part, str) else part for part in parts]
    return ipywidgets.HBox(widgets, layout=ipywidgets.Layout(flex_flow="row wrap", align_items=align))


def stacked(*parts: ipywidgets.Widget | tuple[Any, ...]) -> list[ipywidgets.Widget]:
    """What stands one below the other; a tuple is a row of controls."""
    return [in_row(*part) if isinstance(part, tuple) else part for part in parts]


def link(drawing: Drawing, **controls: ipywidgets.Widget) -> None:
    """Let a trait of the drawing follow each control in the browser: its index, where it chooses among options."""
    drawing.own(**controls)
    for trait, control in controls.items():
        ipywidgets.jslink((control, "index" if hasattr(control, "index") else "value"), (drawing, trait))


# --- explorers


class Explorer(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Controls and a drawing. Where no kernel runs, it shows `still()` instead, and reads as `summary()`."""

    def still(self) -> Picture:
        """The same view as a picture."""
        raise NotImplementedError

    def summary(self) -> str:
        """The same view in one line of text."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.summary()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        picture, _ = self.still()._repr_mimebundle_()
        kinds = [kind for kind in picture if kind.startswith("image/")]
        alt = f"An explorer, here as a still picture. {self.summary()}"
        return {**data, **picture, "text/plain": self.summary()}, {**metadata, **alt_metadata(alt, *kinds)}


class PhotoExplorer(Explorer):
    """An explorer of one photo, with a button for the reader's own. `show_photo` says what a new photo changes."""

    def __init__(self, image: NDArray[np.uint8], longest: int) -> None:
        """`longest`: an uploaded photo's longer side is shrunk to so many pixels, to keep the controls quick."""
        self.upload = ipywidgets.FileUpload(accept="image/*", description="your photo")
        self.message = ipywidgets.Label("")
        self.upload.observe(lambda _: self._uploaded(), "value")
        self._longest = longest
        self.image = as_rgb(image)
        self.show_photo()
        super().__init__()

    def show_photo(self) -> None:
        """Compute and draw everything anew for `self.image`."""
        raise NotImplementedError

    def _uploaded(self) -> None:
        for file in self.upload.value[:1]:
            self.receive(file["name"], bytes(file["content"]))

    def receive(self, name: str, content: bytes) -> None:
        """Show the photo in a file's bytes, or say in `message` why not and keep the one on screen."""
        try:
            photo = decode_image(content, name)
        except ImageError as error:
            self.message.value = str(error)
            return
        self.image = as_rgb(shrink_to(photo, self._longest))
        self.show_photo()
        height, width = self.image.shape[:2]
        shrunk = "" if photo.shape == self.image.shape else f", shrunk from {photo.shape[1]} x {photo.shape[0]}"
        self.message.value = f"{name}: {width} x {height} px{shrunk}"


class DetectorExplorer(PhotoExplorer):
    """A detector at work on one photo. A click on a box of the drawing asks what became of the face there.

    The browser sends {"clicked": [x1, y1, x2, y2]}; the answer is the drawing's trait `note`. It tells of all three
    nets, at the settings that the controls have at the click.

    Parameters
    ----------
    detector : Detector, its nets, settings and hooks
    image : uint8 (H, W, 3), the first photo, RGB
    longest : int, an uploaded photo's longer side is shrunk to so many px
    drawing : Drawing, sends the clicks and shows the `note`
    """

    invitation = "Click on a box to ask what became of that face."

    def __init__(self, detector: Detector, image: NDArray[np.uint8], longest: int, drawing: Drawing) -> None:
        self._detector, self._drawing = detector, drawing
        drawing.on_msg(lambda _, message, buffers: self.heard(message))
        super().__init__(image, longest)

    def show_photo(self) -> None:
        self._trace = self._detector.trace(self.image)
        self._drawing.note = self.invitation  # what was said of another photo is not true of this one

    def heard(self, message: dict[str, Any]) -> None:
        """A word from the browser."""
        self.ask(message["clicked"])

    def run_shown(self) -> Trace:
        """The run at the controls' settings; those that have no control are the detector's own."""
        raise NotImplementedError

    def ask(self, box: Sequence[float]) -> None:
        """Say in the note what became of `box` (4,), image pixels."""
        run = self.run_shown()
        at = ", ".join(f"{threshold:g}" for threshold in run.settings.thresholds)
        self._drawing.note = f"That box, at {at}: {explain(run, box).sentence}."
