"""Many cards: a store on disk, ways to fill it, and scoring over time."""
