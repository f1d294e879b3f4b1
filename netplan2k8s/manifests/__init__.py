"""Manifests as objects, as text and as a directory of files."""
