"""What runs the work: the nets on batches, work in parallel, and files that are written whole or not at all."""
