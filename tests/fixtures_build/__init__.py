"""Writes fixtures/ anew; nothing of the package is used, so that it can judge it."""
