"""Photos as files: which kinds are read, how each is opened, its pixels as upright RGB, and the photos of a folder.

Import from `mtcnn_lite.images`, which has all of it: `read_image`, `read_size`, `decode_image`, `photos_in`,
`ImageError`, `MAX_PIXELS`.
"""
