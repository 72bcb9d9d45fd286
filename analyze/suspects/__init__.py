"""What piles up, in one heap or between several, and what is expected to."""
