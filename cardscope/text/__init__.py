"""Pure functions on strings: nothing here knows what a model card is."""
