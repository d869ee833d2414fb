"""Is it failing: responses, antigen at relapse, and the verdict under each named definition of failure."""
