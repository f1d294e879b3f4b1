"""The runbook of a migration: a site's values in the text of ``pages/``."""
