"""Random damage to small label sets of every kind: photos, or a DatasetError that names a file of the set."""

import copy
import json
import random
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fuzzing.outcomes import LONGEST, SECONDS, TooLong, at_most
from mtcnn_lite.datasets import READERS, DatasetError, read_dataset

WIDTH, HEIGHT = 64, 48  # of every photo
POINTS = [[18, 16], [30, 16], [24, 22], [19, 28], [29, 28]]  # of the face in the box
BOX = [12, 8, 36, 36]


def _flat(points: list[list[int]] = POINTS, end: str = "") -> str:
    return " ".join(f"{x} {y}{end}" for x, y in points)


def _share(x: float, y: float) -> str:
    return f"{x / WIDTH} {y / HEIGHT}"


ROW = f"0 {_share(24, 22)} {_share(24, 28)}"
XML = (
    '<?xml version="1.0" encoding="utf-8"?><annotation><filename>a.jpg</filename><size><width>64</width>'
    "<height>48</height><depth>3</depth></size><object><name>face</name><difficult>0</difficult><bndbox><xmin>13</xmin>"
    "<ymin>9</ymin><xmax>36</xmax><ymax>36</ymax></bndbox></object></annotation>"
)
FACE = {"box": BOX, "landmarks": POINTS, "ignore": False}
COCO = {
    "images": [{"id": k, "file_name": f"{name}.jpg", "width": WIDTH, "height": HEIGHT} for k, name in enumerate("ab")],
    "annotations": [
        {
            "id": k,
            "image_id": k,
            "category_id": 1,
            "bbox": [12, 8, 24, 28],
            "iscrowd": 0,
            "segmentation": [[1, 1, 9, 9]],
        }
        for k in (0, 1)
    ],
    "categories": [
        {"id": 0, "name": "faces", "supercategory": "none"},
        {"id": 1, "name": "face", "supercategory": "faces"},
    ],
}
FACEPOINT = f"a.jpg 12 36 8 36 {_flat()}\nb.jpg 12 36 8 36 {_flat()}\n"
MTFL = "".join(
    f"{name}.jpg {' '.join(str(x) for x, _ in POINTS)} {' '.join(str(y) for _, y in POINTS)} 1 2 2 3\n" for name in "ab"
)
WIDER = "".join(f"{name}.jpg\n1\n12 8 24 28 0 0 0 0 0 0\n" for name in "ab")
YAML = "path: .\ntrain: images/train\nval: [images/val]\nnc: 2\nnames: {0: face, 1: hat}\nkpt_shape: [5, 3]\n"

# For each set: the kind, what `read_dataset` is given, and the files. A file without text is a photo. To add a kind of
# labels, add a set or two of it here.
SETS: dict[str, tuple[str, str, dict[str, str | None]]] = {
    "jsonl": ("jsonl", "x.jsonl", {
        "x.jsonl": "".join(
            json.dumps({"image": f"{name}.jpg", "width": WIDTH, "height": HEIGHT, "dataset": "MTFL_AFLW",
                        "faces": [FACE]}) + "\n" for name in "ab"),
        "a.jpg": None, "b.jpg": None}),
    "wider": ("wider", "wider_face_train_bbx_gt.txt", {
        "wider_face_train_bbx_gt.txt": WIDER, "WIDER_train/images/a.jpg": None, "WIDER_train/images/b.jpg": None}),
    "celeba": ("celeba", ".", {
        "list_bbox_celeba.txt": "2\nimage_id x_1 y_1 width height\na.jpg 12 8 24 28\nb.jpg 12 8 24 28\n",
        "list_landmarks_celeba.txt":
            "2\nlefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x "
            f"rightmouth_y\na.jpg {_flat()}\nb.jpg {_flat()}\n",
        "img_celeba/a.jpg": None, "img_celeba/b.jpg": None}),
    "celeba, commas": ("celeba", ".", {
        "list_bbox_celeba.csv": "image_id,x_1,y_1,width,height\na.jpg,12,8,24,28\nb.jpg,12,8,24,28\n",
        "img_celeba/a.jpg": None, "img_celeba/b.jpg": None}),
    "facepoint": ("facepoint", ".", {"trainImageList.txt": FACEPOINT, "a.jpg": None, "b.jpg": None}),
    "mtfl": ("mtfl", ".", {"training.txt": MTFL, "a.jpg": None, "b.jpg": None}),
    "coco": ("coco", "_annotations.coco.json", {
        "_annotations.coco.json": json.dumps(COCO), "a.jpg": None, "b.jpg": None}),
    "voc": ("voc", ".", {
        "Annotations/a.xml": XML, "Annotations/b.xml": XML.replace("a.jpg", "b.jpg"),
        "JPEGImages/a.jpg": None, "JPEGImages/b.jpg": None}),
    "yolo": ("yolo", ".", {
        "data.yaml": YAML, "images/train/a.jpg": None, "images/val/b.jpg": None,
        "labels/train/a.txt": f"{ROW} {' '.join(f'{_share(x, y)} 2' for x, y in POINTS)}\n1 .5 .5 .1 .1\n",
        "labels/val/b.txt": f"{ROW}\n"}),
    "yolo, a list": ("yolo", "data.yaml", {
        "data.yaml": "train: train.txt\nval: ../val/images\nnames:\n  - face\n", "train.txt": "./images/a.jpg\n",
        "images/a.jpg": None, "val/images/b.jpg": None,
        "labels/a.txt": f"{ROW} {' '.join(_share(x, y) for x, y in POINTS)}\n",
        "val/labels/b.txt": "0 .1 .1 .5 .1 .5 .5 .1 .5\n"}),
    "yolo, classes.txt": ("yolo", ".", {
        "images/a.jpg": None, "images/b.jpg": None, "labels/classes.txt": "face\n",
        "labels/a.txt": f"{ROW} 0.9\n", "labels/b.txt": f"{ROW}\n"}),
    "retinaface": ("retinaface", "label.txt", {
        "label.txt": "".join(f"# {name}.jpg\n12 8 24 28 {_flat(end=' 0.0')} 0.82\n" for name in "ab"),
        "images/a.jpg": None, "images/b.jpg": None}),
    "retinaface, corners": ("retinaface", "labelv2.txt", {
        "labelv2.txt": "".join(f"# {name}.jpg 64 48\n12 8 36 36 {_flat(end=' 0.0')}\n" for name in "ab"),
        "a.jpg": None, "b.jpg": None}),
    "mtcnn": ("mtcnn", "wider_face_train.txt", {
        "wider_face_train.txt": "a 12 8 36 36\nb 12 8 36 36 1 1 20 20\n", "a.jpg": None, "b.jpg": None}),
}  # fmt: skip
SETS = {title: entry for title, entry in SETS.items() if entry[0] in READERS}

WORDS = [
    "", "nan", "-inf", "-1", "0", "1e39", "1e400", "-1e308", "9" * 5000, "0x1F", "1_0", "²", "٣", "\0", "a" * 5000,
    "null", "true", "/etc/passwd", "../a.jpg", "a.jpg/b.jpg", "b.jpg", "[1]", '"', "'", "{", "<", ">", "&x;", "#", ":",
    "-", "*a", "&a b", "!!python/object:os.system x", "\t", "\r", "\u2028", "\ufeff", "\ud7ff", "😀", "\\", "%", "@",
    "`", "1:1:1", "~", "9" * 400 + ".jpg", "2147483648", "1e-320", "face", "FACE", "hat", "0 0 0", "C:\\a.jpg",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, -1, 0, 0.0, 1e39, -1e308, 1e-320, float("nan"), float("inf"), 10**400, 2**70, "", "x", "a.jpg",
    "../a.jpg", "/etc/passwd", "\0", "9" * 5000, [], {}, [[]], [1, 2], [1, 2, 3, "4"], {"a": 1}, [None] * 4,
    [[1, 2]] * 5, "BIG", "DEEP", ["BIG"] * 4, [1, 1, 1, 1], [10, 10, -1, 5], [10, 10, 0, 5],
]  # fmt: skip
SNIPPETS = {  # put in place of a line, or of the whole file
    ".yaml": [
        "a: &a [x, x]\nb: &b [*a, *a]\nnames: [*b, *b]", "names: " + "[" * 5000, "names: " + "{a: " * 5000,
        "? [a]\n: b",
        "names: !!python/object/apply:os.system [ls]", "names: [face]\nnames: [hat]", "\tnames: [face]", "nc: 3",
        "names: [1, 2.5, null]", "names: {a: b}", "names: {0: face, 00: hat}", "nc: " + "9" * 5000, "kpt_shape: [5]",
        "kpt_shape: [99999999, 3]", "kpt_shape: [-1, 3]", "train: ..", "train: /", "train: [[a]]", "path: /nowhere",
        "train: " + "a" * 5000, 'names: ["\\UFFFFFFFF"]', "%YAML " + "9" * 5000 + ".1", "--- a\n--- b", "a: |\n b",
        "<<: {a: b}", "- a", "a", "names: 2001-01-01", "flip_idx: 3", 'train: "\\0"', "names: [face,\n" * 500,
        "names: &a [*a]",
    ],
    ".xml": [
        '<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]><annotation>&c;</annotation>', "<a>" * 5000,
        '<?xml version="1.0" encoding="utf-16"?>', '<?xml version="1.0" encoding="zip"?><annotation/>',
        '<?xml version="1.0" encoding="\0"?><annotation/>', "<object/>", "<annotation/>", "<svg/>", "<name>hat</name>",
        "<annotation><object><name> </name></object></annotation>", "<a " + "b='1' " * 500 + "/>",
    ],
    ".json": ["[" * 5000, '{"a":' * 5000, "[]", "null", '{"images": {}}', "9" * 5000],
    ".jsonl": ["[" * 5000, '{"image": "a.jpg", "faces": ' + "[" * 5000, "[]", "null", "9" * 5000],
}  # fmt: skip
ENCODINGS = ("utf-16", "gbk", "latin-1", "utf-32", "utf-8-sig", "cp037")


def run(cases: int, seed: int) -> list[str]:
    """Damage one file of a set, `cases` times, and read the set with and without skip_bad: what came out unclear."""
    rng = random.Random(seed)
    found = []
    with tempfile.TemporaryDirectory() as name:
        folders = {title: _made(Path(name) / f"{k}", files) for k, (title, (*_, files)) in enumerate(SETS.items())}
        for case in range(cases):
            title = rng.choice(list(SETS))
            kind, given, files = SETS[title]
            folder = folders[title]
            damaged = rng.choice([file for file, text in files.items() if text is not None or rng.random() < 0.05])
            before = (folder / damaged).read_bytes()
            what = _damage(folder / damaged, rng)
            names = {Path(file).name for file in files} | {str(folder)}
            for wrong in _outcomes(folder / given, kind, names):
                found.append(f"{title}, case {case}, {damaged}, {what}: {wrong}")
            _clear(folder / damaged)
            (folder / damaged).write_bytes(before)
    return found


def _made(folder: Path, files: dict[str, str | None]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            Image.new("RGB", (WIDTH, HEIGHT)).save(path)
        else:
            path.write_text(text, encoding="utf-8")
    return folder


def _outcomes(path: Path, kind: str, names: set[str]) -> Iterator[str]:
    """What is unclear about reading the set, strictly and with skip_bad, told what kind it is and not."""
    strict, wrong = _read(lambda: read_dataset(path, kind), names)
    if wrong:
        yield f"strict: {wrong}"
    skipping, wrong = _read(lambda: read_dataset(path, kind, skip_bad=True), names)
    if wrong:
        yield f"skip_bad: {wrong}"
    if strict is not None and skipping != strict:
        yield f"skip_bad: {skipping} photos, of {strict} good ones"
    _, wrong = _read(lambda: read_dataset(path), names)
    if wrong:
        yield f"no kind given: {wrong}"


def _read(call: Callable[[], Any], names: set[str]) -> tuple[int | None, str | None]:
    """How many photos came, if any, and what is wrong with the outcome."""
    try:
        with at_most(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            photos = call()
    except DatasetError as error:
        text = str(error)
        if not any(name in text for name in names):
            return None, f"names no file: {text[:200]}"
        return None, None if len(text) < LONGEST else f"a message of {len(text)} characters: {text[:200]}"
    except TooLong:
        return None, f"takes over {SECONDS} s"
    except BaseException as error:
        return None, f"{type(error).__module__}.{type(error).__name__}: {str(error)[:200]}"
    for photo in photos:
        boxes = photo.boxes
        if not np.isfinite(boxes).all() or (boxes[~photo.ignore, 2:] <= boxes[~photo.ignore, :2]).any():
            return len(photos), f"boxes {boxes.tolist()}"
    return len(photos), None


def _damage(path: Path, rng: random.Random) -> str:
    """Damage a file in one way, and say which."""
    ways: list[Callable[[Path, random.Random], None]] = [_bytes, _lines, _words, _words, _words, _encoding, _file]
    if path.suffix in SNIPPETS:
        ways += [_snippet, _snippet]
    if path.suffix in (".json", ".jsonl"):
        ways += [_value] * 5
    if path.suffix == ".jpg":
        ways = [_bytes, _file]
    way = rng.choice(ways)
    way(path, rng)
    return way.__name__.strip("_")


def _bytes(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(content) + 1), rng.randint(1, 8)
        how = rng.randrange(4)
        if how == 0:
            content[at : at + length] = rng.randbytes(length)
        elif how == 1:
            del content[at:]
        elif how == 2:
            del content[at : at + length]
        else:
            content[at:at] = rng.choice([b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x80", rng.randbytes(length)])
    path.write_bytes(bytes(content))


def _lines(path: Path, rng: random.Random) -> None:
    lines = path.read_text("utf-8").split("\n")
    at = rng.randrange(len(lines))
    how = rng.randrange(6)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(at, lines[rng.randrange(len(lines))])
    elif how == 2:
        rng.shuffle(lines)
    elif how == 3:
        lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
    elif how == 4:
        lines[at] = lines[at] + " " + lines[rng.randrange(len(lines))]
    else:
        lines[at] = " ".join(reversed(lines[at].split()))
    path.write_text("\n".join(lines), "utf-8")


def _words(path: Path, rng: random.Random) -> None:
    parts = re.split(r"([\w.+-]+)", path.read_text("utf-8"))  # what is odd in the list is a word
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        parts[rng.randrange(1, len(parts), 2) if rng.random() < 0.9 else rng.randrange(len(parts))] = rng.choice(WORDS)
    path.write_text("".join(parts), "utf-8")


def _encoding(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_text("utf-8").encode(rng.choice(ENCODINGS)))


def _file(path: Path, rng: random.Random) -> None:
    """No file, an empty one, a folder, or a link to itself in its place."""
    _clear(path)
    how = rng.randrange(4)
    if how == 1:
        path.write_bytes(b"")
    elif how == 2:
        path.mkdir()
    elif how == 3:
        path.symlink_to(path.name)


def _snippet(path: Path, rng: random.Random) -> None:
    lines = path.read_text("utf-8").split("\n")
    at = rng.randrange(len(lines) + 1)
    lines[at : at + rng.randrange(2)] = [rng.choice(SNIPPETS[path.suffix])]
    path.write_text("\n".join(lines) if rng.random() < 0.7 else rng.choice(SNIPPETS[path.suffix]), "utf-8")


def _value(path: Path, rng: random.Random) -> None:
    """Another value somewhere in JSON, or a key gone."""
    lines = path.read_text("utf-8").split("\n")
    number = rng.choice([k for k, line in enumerate(lines) if line])
    tree = [json.loads(lines[number])]
    for _ in range(rng.choice([1, 1, 2])):
        holders = list(_holders(tree))
        holder, key = rng.choice(holders)
        if rng.random() < 0.1 and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
    text = json.dumps(tree[0]).replace('"BIG"', "9" * 5000).replace('"DEEP"', "[" * 5000 + "]" * 5000)
    lines[number] = text
    path.write_text("\n".join(lines), "utf-8")


def _holders(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _holders(value[key])


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


assert {kind for kind, *_ in SETS.values()} == set(READERS), "a reader without a set"
