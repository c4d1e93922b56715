"""The chapters: their names, what each promises, needs and leaves, their order, and the detector's parts they build."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, font


@dataclass(frozen=True)
class Chapter:
    """What a chapter's first and last cell say of it, and of its neighbours.

    file: its notebook, without the ending. short: on the map. promise: a sentence or two. needs, leaves: what a reader
    should know before, and has after.
    """

    file: str
    short: str
    title: str
    promise: str
    needs: str
    leaves: str


@dataclass(frozen=True)
class SideTrip:
    """A notebook of `deeper/`: its title, and what it promises."""

    title: str
    promise: str


CHAPTERS = {
    "00": Chapter(
        "00_iou",
        "overlap",
        "Overlap: how much of two boxes is the same",
        (
            "Drag two boxes until you can guess their overlap; then build the number that the whole course asks for: "
            "first by counting pixels, then without."
        ),
        "Python and a little numpy",
        "an `iou` of your own that runs in every later chapter, and the conventions of all of them",
    ),
    "01": Chapter(
        "01_nms",
        "NMS",
        "NMS: of many boxes on one face, the best",
        (
            "A detector finds each face many times over. You will build the step that keeps one of them, watch it "
            "work like a film, and meet its gentler relative for faces that overlap."
        ),
        "Python, numpy, and the overlap of two boxes (chapter 00)",
        "greedy NMS and Soft-NMS of your own, one of them in a live detector, and a feeling for their thresholds",
    ),
    "02": Chapter(
        "02_image_pyramid",
        "pyramid",
        "The image pyramid: one small window for faces of every size",
        (
            "You will shrink a photo again and again, so that a net that only knows faces of 12 px finds faces of any "
            "size. And you will count the cost: less than one look at the photo as it is."
        ),
        "Python; chapters 00 and 01 help, but the words you need are recalled here",
        (
            "the rule for the scales, the cost of each level, an eye for bad shrinking, a function of your own in a "
            "live detector"
        ),
    ),
    "03": Chapter(
        "03_pnet",
        "P-Net",
        "P-Net: all windows of a picture, in one pass",
        (
            "You will look into the first net of the cascade, and build it. It sees 12 × 12 pixels and says whether "
            "they are a face; and one pass answers for all windows of a picture."
        ),
        "Python, and having met convolutions; chapters 00 to 02 help, the words you need are recalled here",
        "a P-Net of your own, the windows behind its map and the offsets that move them, in a live detector",
    ),
    "04": Chapter(
        "04_rnet",
        "R-Net",
        "R-Net: a second look at what P-Net let through",
        (
            "You will build the second net of the cascade. It takes each window that P-Net let through, looks at it "
            "with four times as many pixels, drops most of them, and moves the rest closer to a face."
        ),
        "chapter 03: windows, offsets, heads; NMS from chapter 01 helps",
        "crops that keep a face's shape, an R-Net built by you, and what it changes: two functions of your own",
    ),
    "05": Chapter(
        "05_onet",
        "O-Net",
        "O-Net: the last word, and five points",
        (
            "You will build the third net. It looks at 48 × 48 pixels, says for the last time whether this is a face,"
            " moves the box for the last time, and points at the eyes, the nose and the mouth. At the end your own "
            "functions run the whole detector."
        ),
        "chapters 03 and 04: windows, offsets, crops; overlap from chapter 00 and NMS from chapter 01",
        "O-Net, landmarks in pixels of the photo, the last NMS, a detector that runs on functions of your own",
    ),
    "06": Chapter(
        "06_sample_generation",
        "samples",
        "Samples: what a net learns from",
        (
            "You will turn labelled photos into what the three nets are trained on: small windows of four kinds, each"
            " with the right answer beside it. And you will draw every label back onto its picture."
        ),
        "IoU from chapter 00, offsets from chapter 03, landmarks from chapter 05",
        (
            "the four kinds of sample and their targets, photos changed with their labels, a store on disk that "
            "survives interruptions, functions of your own"
        ),
    ),
    "07": Chapter(
        "07_losses",
        "losses",
        "Losses: what a wrong answer costs",
        (
            'You will put a price on a net\'s mistakes: on a wrong "face", on a box that is off, on points that are '
            "off. Then you will add the prices up to one number, and a P-Net will learn by nothing but making your "
            "number smaller."
        ),
        "chapter 03: windows, offsets, heads; chapter 06: the four kinds of samples; what a derivative is",
        (
            "the paper's four equations beside their code, two losses of your own that train a P-Net, and a fair way "
            "to say which of two trainings is better"
        ),
    ),
    "08": Chapter(
        "08_hard_mining",
        "hard mining",
        "Hard mining: learn from what you get wrong",
        (
            "You will let a net skip what it knows already: of each batch, only the samples that it gets most wrong "
            "will teach it. Then you will measure, with several seeds, whether that pays."
        ),
        "chapter 06: the four kinds of samples; chapter 07: the detection loss, its slope, the indicator",
        (
            "the paper's rule and what it does to a gradient, a small training loop, a controlled experiment, a "
            "function of your own that picks the samples in live training"
        ),
    ),
    "09": Chapter(
        "09_training",
        "training",
        "Training: three nets, one after the other",
        (
            "You will train P-Net, R-Net and O-Net for real, in a minute, each on what the nets before it let through. "
            "Then you find out why the detector goes blind at night, cure it, and tune the weights that ship."
        ),
        "chapter 06: the four kinds of samples; 07: the losses; 08: hard mining; 04 and 05 for what R-Net and O-Net do",
        (
            "a cascade of your own, the package's plan and its reasons, the habits that keep a training honest, a "
            "learning rate schedule of your own in live training"
        ),
    ),
    "10": Chapter(
        "10_evaluation",
        "evaluation",
        "Evaluation: how good is it, and who says so?",
        (
            "You will turn ten detections into one number by hand, then measure a detector: what it finds, which net "
            "loses what, how far its points are off. And you will see how far a few photos can be trusted."
        ),
        "chapter 00: IoU; chapters 03 to 05: the three nets and their thresholds",
        "precision, recall, AP, landmark error, ranges and how often they hold the truth, a threshold chosen by a rule",
    ),
    "11": Chapter(
        "11_limits",
        "limits",
        "Limits: what MTCNN cannot do",
        (
            "You will find out what a crowd costs, which net loses which faces, and what to take today, and write two "
            "losses of the detectors that came later."
        ),
        "chapters 00 to 05: the whole cascade; chapter 10: recall and precision; chapter 07 for the loss",
        "MTCNN's bill and its blind spots, two losses of your own, and a table of what to take today",
    ),
    "12": Chapter(
        "12_recognition",
        "recognition",
        "Recognition: from a face to a person",
        (
            "You will turn any face upright from its five points, teach a small net to tell whether two such crops "
            "show one person, and see how little a good-looking curve can mean."
        ),
        "chapter 05: five landmarks; chapter 07: what a loss is; a little of vectors",
        (
            'aligned crops, an embedding net of your own, a "who is this" with a threshold, and what alignment is '
            "worth to a recogniser"
        ),
    ),
    "13": Chapter(
        "13_one_pass",
        "one pass",
        "One pass: the detector that came after",
        (
            "You will take the cascade's pyramid of photos into the net, choose the anchors that it answers for, and "
            "train such detectors in seconds: with four answers to scale, two cures for the imbalance, and no anchors."
        ),
        "chapters 00 to 05: the cascade; chapters 07 and 08: losses and hard mining; chapter 10: average precision",
        "one-pass detectors that you trained, four of their parts, and what you can say of them and MTCNN side by side",
    ),
}
START = Chapter(
    "start_here",
    "start here",
    "Start here: a face detector on one screen",
    "In a minute you will have seen all of it work. Then fourteen chapters take it apart, and you build each piece.",
    "a little Python; nothing to download, no graphics card",
    "a picture of the whole, and an idea of where to go first",
)
DEEPER = {  # file in `deeper/`, without the ending: the chapter's number comes first in it
    "00_plus_one": SideTrip(
        "One pixel more, and exactly one half",
        "Where the + 1 in other people's box code comes from, what it costs on small windows, and why two correct "
        "overlaps can keep different boxes.",
    ),
    "01_which_nms": SideTrip(
        "Which NMS? Thresholds, orders and ties",
        "Where papers and programs disagree about NMS: four thresholds or one, level by level or all together, before "
        "or after the boxes move, and overlaps of exactly one half.",
    ),
    "02_other_answers": SideTrip(
        "Other answers to faces of every size",
        "SSD and FPN read faces off several maps of one net. What that costs next to a pyramid, counted on a toy.",
    ),
    "02_other_pyramids": SideTrip(
        "Where pyramids differ",
        "The last level, whole pixels, the number of levels: five codes, five rules, and the faces that each of them "
        "loses.",
    ),
    "03_paper_code_ports": SideTrip(
        "Paper, code and ports",
        "A pooling that nobody misses, four ways to place one window, an NMS that is idle, a head that is not there.",
    ),
    "04_crops": SideTrip(
        "What R-Net gets to see",
        "Black or stretched at the photo's edge, whole pixels or fractions, cut anew or enlarged, pixels or features: "
        "each is measured.",
    ),
    "04_why_second": SideTrip(
        "Why R-Net comes second, and why it looks as it does",
        "R-Net as a net that slides, what that would cost, what its slopes are for, and why boxes move before NMS.",
    ),
    "05_conventions": SideTrip(
        "Where paper, code and people disagree",
        "The order of the steps, the - 1 of other people's landmarks, whose left eye is left, and what the paper "
        "measured.",
    ),
    "05_two_looks": SideTrip(
        "Two looks",
        "Why O-Net looks at each face again, in the mirror, and what that brings to points and scores.",
    ),
    "06_labels": SideTrip(
        "Labels that lie",
        "Eight small mistakes in the making of samples, none of which raises an error: what each does to the labels, "
        "in pictures and in numbers.",
    ),
    "06_skew": SideTrip(
        "Trained on crops, used on levels",
        "P-Net learns from windows that are cut out one by one, and works on whole levels of the pyramid. You will "
        "find both reasons why its scores differ, cure them, and measure whether that pays.",
    ),
    "07_wrong_losses": SideTrip(
        "Wrong losses that nobody notices",
        "Six losses that run without an error and teach something else: the paper's misprint, landmark "
        "rows in the box loss, a mean for a sum, softmax twice, 0 times NaN, kinds as a mask.",
    ),
    "08_other_conditions": SideTrip(
        "Other conditions, and two things called hard mining",
        "More faces without mining, another learning rate, larger batches: which of chapter 08's answers hold? And "
        "what the name means elsewhere.",
    ),
    "08_what_to_mine": SideTrip(
        "What may be mined, and what goes wrong",
        "Why the paper leaves the box alone, and six mistakes that run without an error: the mask, the sum, the mean "
        "of nothing.",
    ),
    "09_clinic": SideTrip(
        "The training clinic",
        "Six broken runs, each with its curves, its labels and its boxes. You name what each suffers from, and repair "
        "the line.",
    ),
    "09_small_print": SideTrip(
        "Small print of a training",
        "First weights that vanish, an epoch that is not, an accuracy that says nothing, and what a checkpoint holds.",
    ),
    "10_other_numbers": SideTrip(
        "One detector, many numbers",
        "The same weights used otherwise, the same answers judged otherwise, and what others have measured: ways to "
        "another figure, each drawn.",
    ),
    "11_bill": SideTrip(
        "The bill, by the clock",
        "What crowds and large photos cost in seconds, and what does not.",
    ),
    "11_repairs": SideTrip(
        "Two lines against the dark",
        "A repair of two lines, and an ancestor that minds the dark less.",
    ),
    "12_small_print": SideTrip(
        "The small print of recognition",
        "Whose left eye, squared or not, negatives that are too hard, and what a good curve does not say.",
    ),
    "13_anchors": SideTrip(
        "Which anchor is for which face",
        "Faces between preset sizes, three rules of who answers for whom, and heads without anchors.",
    ),
    "13_two_stages": SideTrip(
        "Two stages, by crops or by features",
        "P-Net's windows as an anchor grid, and a second look's cost: R-Net's crops, Faster R-CNN's RoI pooling.",
    ),
}
ROWS = {"find a face": list(CHAPTERS)[:6], "train the nets": list(CHAPTERS)[6:11], "and then": list(CHAPTERS)[11:]}
PARTS = {  # a detector's, in the cascade's order, by their exercises: name on the strip, notebook that builds it
    "pyramid_scales": ("scales", "02_image_pyramid"),
    "pnet": ("P-Net", "03_pnet"),
    "candidate_windows": ("windows", "03_pnet"),
    "iou": ("overlap", "00_iou"),
    "nms": ("NMS", "01_nms"),
    "decode_offsets": ("offsets", "03_pnet"),
    "square_boxes": ("squares", "04_rnet"),
    "rnet": ("R-Net", "04_rnet"),
    "onet": ("O-Net", "05_onet"),
    "landmarks_to_image": ("landmarks", "05_onet"),
}
LIT = {  # a lit box and the letters on it, of the two inks the one that stands out; other chapters: ink and paper
    "03": (COLOURS["pnet"], PAPER),
    "04": (COLOURS["rnet"], INK),
    "05": (COLOURS["onet"], INK),
}
UNLIT = "#EDEDED"
BOX, GAP, ROW, LEFT = 113, 16, 40, 130  # px: a chapter's box, the way to the next, a row, where its boxes begin
MARGIN = 12, 3  # px at the sides, above and below: white paper on a dark page


def chapter_map(number: str | None = None) -> Picture:
    """The chapters in the order in which they build on one another, with chapter `number` lit, or none.

    >>> chapter_map("03")
    Picture(900 x 118)
    """
    if number is not None and number not in CHAPTERS:
        raise ValueError(f"number is {number!r}; it must be one of {', '.join(CHAPTERS)}")
    side, top = MARGIN
    sheet = Image.new("RGB", (LEFT + 6 * BOX + 5 * GAP + side, ROW * len(ROWS) - 8 + 2 * top), PAPER)
    pen = ImageDraw.Draw(sheet)
    for r, (title, chapters) in enumerate(ROWS.items()):
        y = top + r * ROW
        pen.text((side, y + 16), title, INK, font(14), anchor="lm")
        for c, chapter in enumerate(chapters):
            x, lit = LEFT + c * (BOX + GAP), chapter == number
            fill, letters = LIT.get(chapter, (INK, PAPER)) if lit else (UNLIT, INK)
            pen.rounded_rectangle((x, y, x + BOX, y + 32), radius=6, fill=fill)
            label = f"{chapter} {CHAPTERS[chapter].short}"
            pen.text((x + BOX / 2, y + 16), label, letters, font(14), anchor="mm")
            if c + 1 < len(chapters):
                pen.text((x + BOX + GAP / 2, y + 16), "›", INK, font(16), anchor="mm")
    return Picture(np.asarray(sheet), flat=True)
