"""What a post is and which rules it follows: typed values and pure rules, no I/O."""
