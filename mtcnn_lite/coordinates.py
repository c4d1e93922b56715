"""Where pixels lie, and what a mirror does: the two conventions that a pixel's error hides in.

Box corners lie on pixel edges: (0, 0) is the outer corner of the top left pixel. Landmarks, as in label files and
OpenCV, count pixel centres: (0, 0) is the centre of that pixel. So a point measured from box corners is half a pixel
more than the same point as a landmark.
"""

PIXEL_CENTRE = 0.5  # a pixel's centre, as seen from its outer corner

MIRRORED = [1, 0, 2, 4, 3]  # the landmarks of a mirrored face: eyes and mouth corners change places
