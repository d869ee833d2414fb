"""Other people's models in the same form, each with the numbers its paper prints."""
