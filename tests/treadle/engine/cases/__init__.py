"""What others met while publishing, played at real times on a clock that is moved."""
