"""Which documents and paragraphs of a corpus are copies of others: arrays in, decisions out."""
