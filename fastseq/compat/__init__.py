"""Other libraries' faces over fastseq's tokenizers, for code that was written for them (docs/compat.md)."""
