"""Models: thin classes over the engine. `fastseq.load` gives one; their parts stand alone too."""

from fastseq.models.base import Model
from fastseq.models.classifier import Classifier
from fastseq.models.language_model import LanguageModel
from fastseq.models.parts import Decoder, Encoder
from fastseq.models.results import Generation, Info, Memory, NextToken, Step, TextScore, Timings
from fastseq.models.seq2seq import Seq2Seq
from fastseq.models.spec import ModelSpec

__all__ = [
    "Classifier",
    "Decoder",
    "Encoder",
    "Generation",
    "Info",
    "LanguageModel",
    "Memory",
    "Model",
    "ModelSpec",
    "NextToken",
    "Seq2Seq",
    "Step",
    "TextScore",
    "Timings",
]
