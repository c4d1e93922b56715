"""From an aligned face to a point on a sphere, where one person's faces lie close together.

The way of FaceNet (Schroff, Kalenichenko and Philbin 2015, arXiv 1503.03832), made small: `net` embeds, `triplets`
has the loss and chooses what to learn from, `views` makes several pictures of one, `training` puts them together,
`verification` says how well two persons are told apart, and `people` reads a folder of your own.
"""

from mtcnn_lite.embedding.net import SIZE, EmbeddingNet, embed, prepare
from mtcnn_lite.embedding.people import People, read_people
from mtcnn_lite.embedding.training import History, train_embedding
from mtcnn_lite.embedding.triplets import MARGIN, semi_hard_triplets, squared_distances, triplet_loss
from mtcnn_lite.embedding.verification import Verification, nearest, verification
from mtcnn_lite.embedding.views import varied

__all__ = [
    "MARGIN",
    "SIZE",
    "EmbeddingNet",
    "History",
    "People",
    "Verification",
    "embed",
    "nearest",
    "prepare",
    "read_people",
    "semi_hard_triplets",
    "squared_distances",
    "train_embedding",
    "triplet_loss",
    "varied",
    "verification",
]
