"""A valid list of each kind that has its labels in text files of its own: what readers are given damaged copies of."""

import json
from pathlib import Path

from PIL import Image

FIVE = "107.25 147.75 126.25 106.25 140.75 108.75 113.25 143.75 158.75 162.75"  # all x, then all y
PAIRS = "106.25 107.75 146.75 112.25 125.25 142.75 105.25 157.75 139.75 161.75"
FLAGGED = "106.25 107.75 0.0 146.75 112.25 0.0 125.25 142.75 1.0 105.25 157.75 0.0 139.75 161.75 0.0"
UNMARKED = " ".join(["-1.0"] * 15)
NAMES = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"

LISTS = {
    "jsonl/labels.jsonl": "".join(
        json.dumps(row) + "\n"
        for row in (
            {"image": "a.jpg", "width": 200, "height": 180, "dataset": "MTFL_AFLW", "faces": [
                {"box": [80, 85, 165, 176], "landmarks": [[106, 107], [146, 112], [125, 142], [105, 157], [139, 161]]},
                {"box": [1.5, 2, 40, 50], "landmarks": None, "ignore": True, "blur": 1}]},
            {"image": "b c.jpg", "faces": [], "only_main_face_labelled": True},
        )
    ),
    "wider/wider_face_train_bbx_gt.txt": "0--P/a.jpg\n2\n80 85 85 91 0 0 0 0 0 0 \n3 0 20 11 2 1 1 0 2 1 \n"
    "0--P/b c.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n",
    "celeba/list_bbox_celeba.txt": "2\nimage_id x_1 y_1 width height\na.jpg    80  85 85 91\nb c.jpg -2 4 5 0\n",
    "celeba/list_landmarks_celeba.txt": f"2\n{NAMES}\nb c.jpg 1 2 3 4 5 6 7 8 9 10\na.jpg {PAIRS}\n",
    "celeba csv/list_bbox_celeba.csv": "image_id,x_1,y_1,width,height\na.jpg,80,85,85,91\nb c.jpg, 4, 5, 60, 70\n",
    "facepoint/trainImageList.txt": f"a.jpg 84 161 92 169 {PAIRS}\nb c.jpg 84 161 92 169 {PAIRS}\n",
    "mtfl/training.txt": f"a.jpg {FIVE} 1 2 2 3\nb c.jpg {FIVE} 2 1 1 5\n",
    "retinaface/label.txt": f"# 0--P/a.jpg\n80 85 85 91 {FLAGGED} 0.82\n7 8 9 10 {UNMARKED} 0.2\n# 0--P/b c.jpg\n",
    "retinaface v2/labelv2.txt": f"# a.jpg 200 180\n80.0 85.0 165.0 176.0 {FLAGGED}\n# b c.jpg 200 180\n1 2 30 40 1\n",
    "mtcnn/wider_face_train.txt": "0--P/a 80.5 85.25 165 176.5 3 0 23 11\n0--P/b c 0 0 0 0\n",
}  # fmt: skip
IMAGES = {"wider": "WIDER_train/images/0--P", "celeba": "img_celeba", "celeba csv": "img_celeba",
          "retinaface": "images/0--P", "mtcnn": "0--P"}  # fmt: skip


def write_examples(folder: Path) -> list[tuple[str, Path]]:
    """The lists below `folder`, each in a folder of its own with its images: (kind, file)."""
    made = []
    for name, text in LISTS.items():
        file = folder / name
        images = file.parent / IMAGES.get(file.parent.name, "")
        images.mkdir(parents=True, exist_ok=True)
        for image in ("a.jpg", "b c.jpg"):
            Image.new("RGB", (200, 180), "gray").save(images / image)
        file.write_text(text)
        made.append((file.parent.name.split()[0], file))
    return [(kind, file) for kind, file in made if file.name != "list_landmarks_celeba.txt"]
