"""What a run has to say: lines for people, JSON for machines."""
