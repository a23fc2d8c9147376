"""Questions about a card, each with an answer, a threshold and line numbers; none of them decides points."""
