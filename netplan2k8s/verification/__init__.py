"""The program that verifies rails inside a pod; it runs there by itself."""
