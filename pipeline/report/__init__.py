"""Audit → what people look at: terminal, dataset card, HTML."""
