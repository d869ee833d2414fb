"""Who is in danger: performance and the risk scores, one score a file."""
