"""The tokenizer inspector's parts."""
