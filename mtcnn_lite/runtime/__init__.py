"""What runs the work: the nets on batches, threads and processes, memory, and files that are written whole."""
