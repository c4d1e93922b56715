"""start_here: what its explorer shows after each net, a click that asks what became of a box, the camera."""

from mtcnn_lite.explain import explain

NOTEBOOK = "start_here.ipynb"


def test_steps_and_the_checkbox_filter_the_boxes(notebook):
    counts = []
    for step in ("P-Net", "R-Net", "O-Net", "last NMS"):
        notebook.page.get_by_role("button", name=step, exact=True).click()
        notebook.page.wait_for_timeout(150)
        counts.append(notebook.text(".mtcnn-canvas figcaption").rpartition(": ")[2])
    assert counts == ["121 boxes, left by P-Net", "6 boxes, left by R-Net", "4 boxes, accepted by O-Net",
                      "1 boxes, left by the last NMS"]  # fmt: skip
    for _ in range(2):
        assert notebook.push("and what was lost before")


def test_click_asks_what_became_of_the_box(notebook, detector, astronaut):
    trace = detector.trace(astronaut)
    assert notebook.text(".mtcnn-canvas p") == "Click on a box to ask what became of that face."
    notebook.push("and what was lost before")  # of the boxes only the face is left
    said = explain(trace, trace.faces.boxes[0].tolist()).sentence
    assert notebook.ask(0, 206, 116)[1] == f"That box, at 0.6, 0.7, 0.7: {said}."
    notebook.canvas(0).click(position={"x": 20, "y": 458})  # no box there: nothing to ask
    notebook.page.wait_for_timeout(1000)
    assert notebook.text(".mtcnn-canvas p") == f"That box, at 0.6, 0.7, 0.7: {said}."
    notebook.push("and what was lost before")


def test_picture_of_the_camera_replaces_the_photo(notebook):
    before = notebook.text(".mtcnn-canvas figcaption")
    notebook.page.get_by_role("button", name="use the camera").click()
    notebook.page.get_by_role("button", name="take the picture").click()
    notebook.page.wait_for_function("() => document.body.textContent.includes('camera: 640 x 480 px')")
    notebook.page.wait_for_function(
        "() => document.querySelector('.mtcnn-canvas').textContent.includes('640 × 480 px')"
    )
    assert notebook.text(".mtcnn-canvas figcaption") != before
    assert notebook.page.get_by_role("button", name="use the camera").is_visible(), "the camera is off again"
