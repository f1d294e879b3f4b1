"""What the program can find fault with, and the checks that look for it."""
