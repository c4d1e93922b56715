"""Face embedding: from an aligned face to a point on a sphere, where faces of one person lie close together.

FaceNet (Schroff, Kalenichenko and Philbin 2015, arXiv 1503.03832), made small: `net` computes embeddings, `triplets`
has the loss and chooses triplets, `views` augments crops, `training` puts them together, `verification` measures how
well two persons are told apart, and `people` reads a folder of your own photos.
"""

from mtcnn_lite.embedding.net import SIZE, EmbeddingNet, embed, prepare
from mtcnn_lite.embedding.people import People, read_people
from mtcnn_lite.embedding.training import EmbeddingHistory, train_embedding
from mtcnn_lite.embedding.triplets import MARGIN, semi_hard_triplets, squared_distances, triplet_loss
from mtcnn_lite.embedding.verification import Verification, nearest, verification
from mtcnn_lite.embedding.views import varied

__all__ = [
    "MARGIN",
    "SIZE",
    "EmbeddingHistory",
    "EmbeddingNet",
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
