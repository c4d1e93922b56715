"""One module for each format that labels are written in; `readers.jsonl` writes our own."""
