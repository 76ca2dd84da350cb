"""A Threads in memory, written from public documentation and bug reports alone: it knows nothing of the product."""
