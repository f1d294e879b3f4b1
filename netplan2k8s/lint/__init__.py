"""Judging manifests: ours, edited ones, or those of others."""
