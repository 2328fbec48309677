"""Where tables are kept: files of any kind, in memory; what all readers have in common."""
