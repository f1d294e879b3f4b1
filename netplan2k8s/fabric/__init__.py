"""From hosts to rails: the mapper and the plan it makes."""
