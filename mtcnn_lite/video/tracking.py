"""Ids for the faces of a clip: the same person from frame to frame, by ByteTrack from the package `trackers`."""

import numpy as np

from mtcnn_lite.cascade.record import Faces

SURE = 0.6  # the score from which a face begins an id; one below it can carry an id on
LOST = 2.0  # seconds that a face may be away and still have its id when it comes again where it was heading
# ByteTrack counts these in frames of 1/30 s, whatever the clip's rate.
BUFFER = round(LOST * 30)


class Tracker:
    """Gives each face an id, a whole number from 0 that no other face of the clip has.

    A face that overlaps where an earlier one was heading (a Kalman filter) has that one's id, also after it was away
    for up to 2 seconds. A face seen for the first time has none until the next frame confirms it.

    Raises ModuleNotFoundError, with the line that installs it, where `trackers` is missing.
    """

    def __init__(self, fps: float) -> None:
        try:
            import supervision
            from trackers import ByteTrackTracker
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"ids need the package trackers, with supervision ({error}): pip install 'mtcnn_lite[video]'"
            ) from None
        self._detections = supervision.Detections
        self._tracker = ByteTrackTracker(
            lost_track_buffer=BUFFER, frame_rate=fps, track_activation_threshold=SURE, high_conf_det_threshold=SURE
        )

    def ids(self, faces: Faces, seconds: float) -> list[int | None]:
        """The id of each of a frame's faces, None for one not confirmed. Frames come in order, each with its time."""
        rows = np.arange(len(faces))
        detections = self._detections(
            xyxy=faces.boxes.reshape(-1, 4), confidence=faces.scores, class_id=np.zeros_like(rows), data={"row": rows}
        )
        ids: list[int | None] = [None] * len(faces)
        tracked = self._tracker.update(detections, timestamp=seconds)
        if tracked.tracker_id is not None and len(tracked):
            for row, identity in zip(tracked.data["row"], tracked.tracker_id, strict=True):
                ids[row] = int(identity) if identity >= 0 else None
        return ids
