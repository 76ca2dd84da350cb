"""What a user can ask for, whichever face they use: typed in, typed out."""
