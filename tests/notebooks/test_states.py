"""The states from which the site wakes up explorers: the same at each build, and those of the notebooks."""

import json

import pytest


@pytest.fixture(scope="session")
def states(build):
    return build.states


def model(name, state, **more):
    return {"model_name": name, "model_module": "a", "model_module_version": "1", "state": state, **more}


def run(a, b, c, d, spare):
    """What nbclient has of a slider linked to a drawing, with ids as chance gives them; `spare` is shown nowhere."""
    photo = {"path": ["photo"], "encoding": "base64", "data": "AAAA"}
    inside = photo | {"path": ["others", "the wall", "photo"]}
    drawing = {"layout": f"IPY_MODEL_{a}", "costs": [1.5], "controls": {"x": f"IPY_MODEL_{b}"}}
    return {
        spare: model("LayoutModel", {}),
        a: model("LayoutModel", {"width": "9px", "height": None}),
        b: model("FloatSliderModel", {"layout": f"IPY_MODEL_{a}", "value": 0.5, "tooltip": None}),
        c: model("AnyModel", drawing, buffers=[photo, inside]),
        d: model("LinkModel", {"source": [f"IPY_MODEL_{b}", "value"], "target": [f"IPY_MODEL_{c}", "x"]}),
    }


def test_states_are_those_of_what_is_shown_by_ids_that_do_not_change(states):
    made = states.states(run("3f", "a0", "77", "b1", "c2"), {"cell": ["77"]})
    assert made["views"] == {"cell": ["m2"]}
    assert list(made["models"]) == ["m0", "m1", "m2", "m3"]
    assert made["models"]["m0"]["state"] == {"width": "9px"}
    assert made["models"]["m1"]["state"] == {"layout": "IPY_MODEL_m0", "value": 0.5, "tooltip": None}
    assert made["models"]["m2"]["state"]["controls"] == {"x": "IPY_MODEL_m1"}
    assert made["models"]["m3"]["state"] == {"source": ["IPY_MODEL_m1", "value"], "target": ["IPY_MODEL_m2", "x"]}
    places = made["models"]["m2"]["buffers"]
    assert list(places) == ["photo", "others/the wall/photo"]
    assert made["buffers"] == dict.fromkeys(places.values(), "AAAA")
    again = states.states(run("01", "02", "03", "04", "05"), {"cell": ["03"]})
    assert states.text(again) == states.text(made)
    assert json.loads(states.text(made)) == made
    assert states.states(run("3f", "a0", "77", "b1", "c2"), {}) is None


def test_a_script_is_its_files(states):
    common, canvas = ((states.EXPLORERS / name).read_text() for name in ("common.js", "canvas.js"))
    assert states.files(common + canvas, "*.js") == ["common.js", "canvas.js"]
    assert states.files(common + "// another", "*.js") == common + "// another"


def test_times_stay_while_all_else_does(states, tmp_path):
    path = tmp_path / "03.json"
    made = [states.states(run("3f", "a0", "77", "b1", "c2"), {"cell": ["77"]}) for _ in range(3)]
    assert states.write(path, made[0])
    made[1]["models"]["m2"]["state"]["costs"] = [2.5]
    assert not states.write(path, made[1])
    made[2]["models"]["m2"]["state"] |= {"costs": [2.5], "title": "new"}
    assert states.write(path, made[2])
    assert json.loads(path.read_text())["models"]["m2"]["state"]["costs"] == [2.5]
    assert states.write(path, None)
    assert not path.exists()


def test_states_are_those_of_cells_that_say_something_without_a_kernel(build, pairs):
    """What the site shows alive is in the committed notebook in words, and mostly as a still picture."""
    found = 0
    for source, (_, committed) in zip(build.sources(), pairs, strict=True):
        path = build.WIDGETS / f"{build.name(source)}.json"
        if not path.exists():
            continue
        known = json.loads(path.read_text())
        cells = {cell.id: cell for cell in committed.cells}
        for cell, views in known["views"].items():
            found += 1
            assert any("text/plain" in output.get("data", {}) for output in cells[cell].outputs), path
            assert all(known["models"][view]["module"] for view in views), path
        for one in known["models"].values():
            assert set(one.get("buffers", {}).values()) <= known["buffers"].keys()
            for key in ("_esm", "_css"):
                assert isinstance(one["state"].get(key, []), list), f"{path}: a text of {key} is no file of explorers/"
    assert found
