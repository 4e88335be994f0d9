"""fastseq: sequence models on the CPU. Text in, text out."""

__version__ = "0.1.0"
