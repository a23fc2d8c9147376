"""Text to vectors: the shipped static encoder, any Sentence Transformers model, and the paper's word counts."""
