"""What a run has to say: lines for people, JSON for machines."""

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")
