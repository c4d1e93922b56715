"""Pascal VOC files, written by hand, and read by the library supervision too."""

import time

import numpy as np
import pytest
from label_files import HEIGHT, WIDTH, boxes, put

from mtcnn_lite.datasets import DatasetError, DatasetWarning, read_dataset, read_voc

SIZE = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"


def voc(*objects, size=SIZE, filename="x.jpg"):
    inner = "".join(
        f"<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax>"
        f"<ymax>{y2}</ymax></bndbox></object>"
        for name, x1, y1, x2, y2 in objects
    )
    return f"<annotation><filename>{filename}</filename>{size}{inner}</annotation>"


ONE = ("face", 1, 11, 30, 40)
BOX = [[0, 10, 30, 40]]


@pytest.fixture
def read(tmp_path):
    """Reads a folder of one image, a.jpg, and one XML file of this text or these bytes."""
    put(tmp_path / "JPEGImages/a.jpg")

    def read(content, **options):
        put(tmp_path / "Annotations/a.xml", content)
        return read_voc(tmp_path, **options)

    return read


@pytest.mark.parametrize(("labels", "images"), [("Annotations", "JPEGImages"), (".", ".")])
def test_voc_counts_from_one(tmp_path, labels, images):
    for name in ("a b.jpg", "empty.png", "unlabelled.jpg"):
        put(tmp_path / images / name)
    # pixels 1 to 200 and 1 to 100: the whole image; pixel 11, 21 alone: one pixel
    put(tmp_path / labels / "a b.xml", voc(("face", 1, 1, 200, 100), ("hat", 3, 4, 5, 6), ("face", 11, 21, 11, 21)))
    put(tmp_path / labels / "empty.xml", voc())
    put(tmp_path / labels / "._empty.xml", b"\0\5\26\7")  # what a Mac adds
    put(tmp_path / images / "._empty.png", b"\0\5\26\7")
    photos = read_dataset(tmp_path)
    assert boxes(photos) == {"a b.jpg": [[0, 0, 200, 100], [10, 20, 11, 21]], "empty.png": []}
    assert photos[0].ignore.tolist() == [False, True]  # one pixel is no face to learn from
    assert boxes(read_voc(tmp_path, face="HAT"))["a b.jpg"] == [[2, 3, 5, 6]]
    put(tmp_path / labels / "lost.xml", voc())
    with pytest.raises(DatasetError, match=r"lost.xml: there is no image lost.*no x.jpg, which its <filename> names"):
        read_dataset(tmp_path)
    with pytest.warns(DatasetWarning, match="1 of 3 records"):
        assert len(read_dataset(tmp_path, skip_bad=True)) == 2


def test_supervision_reads_the_same(tmp_path):
    supervision = pytest.importorskip("supervision")
    rng = np.random.default_rng(3)
    for k in range(4):
        x, y, width, height = rng.integers(1, 50, (4, 5))
        put(tmp_path / f"{k}.png")
        put(
            tmp_path / f"{k}.xml",
            voc(*(("face", *corners) for corners in zip(x, y, x + width, y + height, strict=True))),
        )
    theirs = supervision.DetectionDataset.from_pascal_voc(str(tmp_path), str(tmp_path)).annotations
    for photo in read_voc(tmp_path):
        np.testing.assert_array_equal(photo.boxes, theirs[str(photo.source)].xyxy)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<annotation>", "no XML .*line 1"),
        ("", "no XML"),
        ("<svg/>", "begins with <svg>"),
        (voc(("face", 20, 1, 10, 5)), "object 1: bndbox 20 1 10 5; it must be xmin <= xmax"),
        (voc(("face", 1, 1, 10, 5), ("face", 1, 9, 10, 5)), "object 2: bndbox"),
        (voc(("face", 1, 1, "ten", 5)), "object 1: 'ten' is no number"),
        (voc(("face", 1, 1, "9" * 5000, 5)), "object 1: '99.*is no number"),
        (voc(("face", 1, 1, "1e39", 5)), "beyond 1,000,000 px"),
        (voc(("face", 1, 1, "1_0", 5)), "object 1: '1_0' is no number"),
        (voc(("face", 1, 1, 10, 5)).replace("<xmax>10</xmax>", ""), "object 1: needs a name and a bndbox"),
        (voc(("face", 1, 1, 10, 5)).replace("<name>face</name>", ""), "object 1: needs a name"),
        (voc((" ", 1, 1, 10, 5)), "object 1: needs a name"),
        (voc(ONE, size="<size><width>wide</width><height>9</height></size>"), "size: 'wide' is no number"),
        (voc(ONE, size="<size><width>9</width><height>9</height></size>"), "labels are for 9 x 9 px"),
        ("<!DOCTYPE a [<!ENTITY b 'face'>]>" + voc(("&b;", 1, 1, 9, 9)), "has a document type"),
        (voc(("&b;", 1, 1, 9, 9)), "no XML .*undefined entity"),
        ("<a>" * 200_000, "no XML"),
        (" " * 2_000_001, "2,000,001 bytes"),
        ('<?xml version="1.0" encoding="x-nonsense"?><annotation/>', "declares the encoding 'x-nonsense'"),
        ('<?xml version="1.0" encoding="zip"?><annotation/>', "declares the encoding 'zip'"),
        ('<?xml version="1.0" encoding="utf-8"?><a>人</a>'.encode("gbk"), "declares the encoding 'utf-8'"),
        ("<annotation>人</annotation>".encode("gbk"), "declares no encoding, so it must be UTF-8"),
    ],
)  # fmt: skip
def test_voc_says_what_is_wrong(read, text, says):
    with pytest.raises(DatasetError, match=rf"(?s)a\.xml.*{says}"):
        read(text)
    with pytest.warns(DatasetWarning, match="1 of 1 records"):
        assert read(text, skip_bad=True) == []


def test_classes_that_can_not_be_told(read):
    content = voc(("hat", 1, 1, 10, 5), ("head", 1, 1, 10, 5))
    for skip_bad in (False, True):
        with pytest.raises(DatasetError, match=r"classes are hat, head; face=NAME"):
            read(content, skip_bad=skip_bad)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("gb2312", "gb2312"),
        ("GB2312", "gb18030"),  # Windows calls it so
        ("gbk", "gbk"),
        ("Shift_JIS", "shift_jis"),
        ("utf-16", "utf-16"),
        ("UTF-16", "utf-8"),  # .NET writes this
        ("utf-16le", "utf-16-le"),
        ("utf-32", "utf-32"),
        (None, "utf-8"),
        (None, "utf-16"),
    ],
)
def test_encodings(read, declared, encoding):
    name = "顔㐀" if encoding == "gb18030" else "顔" if "jis" in encoding else "脸"
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    content = (declaration + voc((name, *ONE[1:]), ("hat", 1, 1, 5, 5))).encode(encoding)
    assert boxes(read(content, face=name)) == {"a.jpg": BOX}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (voc(("\n  face\n", *ONE[1:]), ("hat", 1, 1, 2, 2)), BOX),
        (voc(("Face", *ONE[1:]), ("hat", 1, 1, 2, 2)), BOX),
        (voc(ONE, ("hat", 9, 9, 2, 2)), BOX),  # no face, so its corners don't matter
        (voc(("person", *ONE[1:])), BOX),  # the only class
        (voc(("face", "1.0", "11.00", "\n30.0 ", "4e1")), BOX),
        (voc(ONE).replace("<bndbox>", "<polygon><x1>1</x1><y1>2</y1></polygon><bndbox>"), BOX),
        (voc(ONE, size=""), BOX),
        (voc(ONE, size="<size><width>0</width><height>0</height></size>"), BOX),
        (voc(ONE, size="<size/>"), BOX),
        (voc(), []),
        ("<annotation></annotation>", []),
    ],
)
def test_as_other_tools_write_it(read, content, expected):
    assert boxes(read(content)) == {"a.jpg": expected}


def test_filename_tells_where_the_files_own_name_does_not(tmp_path):
    for name in ("000.jpg", "a.jpg", "a.png"):
        put(tmp_path / name)
    put(tmp_path / "1.xml", voc(ONE, filename="000.jpg"))
    put(tmp_path / "a.xml", voc(filename="a.png"))
    assert boxes(read_voc(tmp_path)) == {"000.jpg": BOX, "a.png": []}
    put(tmp_path / "2.xml", voc(filename="000.jpg"))
    with pytest.raises(DatasetError, match=r"2.xml: .*1.xml labels the same image"):
        read_voc(tmp_path)
    put(tmp_path / "2.xml", voc(filename="../000.jpg"))
    put(tmp_path.parent / "000.jpg")
    with pytest.raises(DatasetError, match=r"2.xml: .*lies outside"):
        read_voc(tmp_path)
    assert len(read_voc(tmp_path, allow_outside=True)) == 3
    put(tmp_path / "2.xml", voc()).rename(tmp_path / "a.xml")
    (tmp_path / "1.xml").unlink()
    with pytest.raises(DatasetError, match=r"a.xml: images a.jpg, a.png have its name"):
        read_voc(tmp_path)


def test_a_folder_without_xml(tmp_path):
    put(tmp_path / "Annotations/a.txt", "")
    with pytest.raises(DatasetError, match=r"no \.xml file"):
        read_voc(tmp_path)


def test_five_hundred_files_take_a_second_or_two(tmp_path):
    image = put(tmp_path / "0.png").read_bytes()
    content = voc(*[ONE] * 12)
    for k in range(500):
        (tmp_path / f"{k}.png").write_bytes(image)
        (tmp_path / f"{k}.xml").write_text(content)
    start = time.perf_counter()
    assert len(read_voc(tmp_path)) == 500
    assert time.perf_counter() - start < 10


INNER = "<object><name>face</name><bndbox><xmin>1</xmin><ymin>11</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object>"


@pytest.mark.parametrize(
    "content",
    [
        f"<annotation><objects>{INNER}</objects></annotation>",
        f"<annotation>{INNER}<annotation>{INNER}</annotation></annotation>",
        f"<annotation>{INNER}</annotation>".replace("object", "Object"),
        f"<annotation>{INNER}</annotation>".replace("object", "item"),
    ],
)
def test_objects_that_stand_elsewhere_are_no_background(read, content):
    with pytest.raises(DatasetError, match=r"a.xml: has an object that is not an <object> directly"):
        read(content)


def test_parts_are_read_over_and_a_second_box_is_refused(read):
    part = INNER.replace("object", "part")
    assert boxes(read(f"<annotation>{INNER.replace('</object>', part + '</object>')}</annotation>")) == {"a.jpg": BOX}
    box = INNER[INNER.index("<bndbox>") : INNER.index("</object>")]
    with pytest.raises(DatasetError, match=r"a.xml, object 1: has several bndbox"):
        read(f"<annotation>{INNER.replace(box, 2 * box)}</annotation>")


def test_a_label_file_that_is_a_link_out_is_refused_unless_allowed(read, tmp_path):
    read(voc(ONE))
    put(tmp_path / "JPEGImages/b.jpg")
    secret = put(tmp_path.parent / f"{tmp_path.name}.xml", voc(ONE, size=""))
    (tmp_path / "Annotations/b.xml").symlink_to(secret)
    with pytest.raises(DatasetError, match=r"b.xml lies outside .*allow_outside=True"):
        read_voc(tmp_path)
    assert boxes(read_voc(tmp_path, allow_outside=True)) == {"a.jpg": BOX, "b.jpg": BOX}
