"""What the notebooks stand on: chapters, scenes, judges of exercises, explorers. The detector needs none of it."""
