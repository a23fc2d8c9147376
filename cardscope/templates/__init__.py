"""Who or what wrote a card: signatures of tools, and the lines that are theirs."""
