"""The fast solver: a model is traced once, compiled for this processor, and run with many patients side by side."""
