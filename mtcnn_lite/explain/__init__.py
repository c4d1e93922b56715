"""What became of this face: where a box was found, or the first step at which nothing was left of it, and why."""

from mtcnn_lite.explain.explanation import Explanation, Summary, explain
from mtcnn_lite.explain.stages import LevelView, Rival, StageView

__all__ = ["Explanation", "LevelView", "Rival", "StageView", "Summary", "explain"]
