"""Readers, one a format: files of labels to lists of `LabelledPhoto`."""
