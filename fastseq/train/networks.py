"""Sizes and choices of the networks that can be trained, and the native blocks each amounts to.

No PyTorch here. The engine's own checks decide whether a combination is possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastseq.errors import FormatError
from fastseq.models.blocks import Attention, Block, Bridge, Embedding, Linear, Pool, Rnn
from fastseq.models.plain import Plain, read
from fastseq.models.spec import GenerationSpec, ModelSpec
from fastseq.train.recipe import Recipe
from fastseq.train.tokens import BOS, EOS, Vocabularies

Cell = Literal["tanh", "relu", "gru", "lstm"]


@dataclass(frozen=True)
class Seq2SeqConfig(Plain):
    """A recurrent encoder-decoder.

    Attributes:
        cell: of both sides.
        bridge: how the encoder's last states start the decoder: ``concat`` (layer l gets
            [forward; backward] of layer l), ``copy`` (the same of one direction), ``zero``, or
            ``linear`` (tanh(W f + b), f the top layer's, for every decoder layer and cell).
        attention: ``none``, ``dot``, ``general`` (Luong) or ``additive`` (Bahdanau).
        attention_output: width of what attention gives; None is the decoder's.
        input_feeding: each step also reads what attention gave at the step before.

    """

    source_vocab: int
    target_vocab: int
    cell: Cell
    source_embedding: int
    target_embedding: int
    encoder_hidden: int
    decoder_hidden: int
    encoder_layers: int = 1
    decoder_layers: int = 1
    bidirectional: bool = False
    attention: Literal["none", "dot", "general", "additive"] = "none"
    attention_output: int | None = None
    input_feeding: bool = False
    bridge: Literal["concat", "copy", "zero", "linear"] = "copy"
    dropout: float = 0.0

    @property
    def memory(self) -> int:
        """Width of an encoder row."""
        return self.encoder_hidden * (2 if self.bidirectional else 1)

    @property
    def output(self) -> int:
        """Width of what the head reads."""
        return self.attention_output or self.decoder_hidden

    @property
    def reads(self) -> int:
        """Width of what the decoder's first layer reads."""
        return self.target_embedding + (self.output if self.input_feeding else 0)

    def check(self) -> None:
        if self.attention == "none" and (self.input_feeding or self.attention_output):
            raise FormatError("input_feeding and attention_output need attention", where="attention")

    def encoder(self) -> list[Block]:
        """Native blocks of the encoder."""
        return [
            Embedding("encoder.embedding", self.source_vocab, self.source_embedding),
            Rnn(
                "encoder.rnn",
                self.cell,
                self.source_embedding,
                self.encoder_hidden,
                self.encoder_layers,
                self.bidirectional,
            ),
        ]

    def decoder(self) -> list[Block]:
        """Native blocks of the decoder."""
        linear = self.bridge == "linear"
        blocks: list[Block] = [
            Bridge("linear", "bridge", self.memory, self.decoder_hidden) if linear else Bridge(self.bridge),
            Embedding("decoder.embedding", self.target_vocab, self.target_embedding),
            Rnn("decoder.rnn", self.cell, self.reads, self.decoder_hidden, self.decoder_layers),
        ]
        if self.attention != "none":
            attention = Attention(
                "decoder.attention",
                self.attention,
                query=self.decoder_hidden,
                memory=self.memory,
                output=self.output,
                inner=self.decoder_hidden if self.attention == "additive" else None,
                input_feeding=self.input_feeding,
            )
            blocks.append(attention)
        return [*blocks, Linear("decoder.head", self.output, self.target_vocab)]


@dataclass(frozen=True)
class LanguageConfig(Plain):
    """A recurrent language model."""

    target_vocab: int
    cell: Cell
    embedding: int
    hidden: int
    layers: int = 1
    dropout: float = 0.0

    def encoder(self) -> list[Block]:
        """A language model has none."""
        return []

    def decoder(self) -> list[Block]:
        """Native blocks of the model."""
        return [
            Embedding("decoder.embedding", self.target_vocab, self.embedding),
            Rnn("decoder.rnn", self.cell, self.embedding, self.hidden, self.layers),
            Linear("decoder.head", self.hidden, self.target_vocab),
        ]


@dataclass(frozen=True)
class ClassifierConfig(Plain):
    """A recurrent classifier: the last states, [forward; backward], tell the label."""

    source_vocab: int
    labels_vocab: int
    cell: Cell
    embedding: int
    hidden: int
    layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0

    @property
    def width(self) -> int:
        """Width of the last states side by side."""
        return self.hidden * (2 if self.bidirectional else 1)

    def encoder(self) -> list[Block]:
        """Native blocks of the model."""
        return [
            Embedding("encoder.embedding", self.source_vocab, self.embedding),
            Rnn("encoder.rnn", self.cell, self.embedding, self.hidden, self.layers, self.bidirectional),
            Pool("final"),
            Linear("encoder.head", self.width, self.labels_vocab),
        ]

    def decoder(self) -> list[Block]:
        """A classifier has none."""
        return []


Config = Seq2SeqConfig | LanguageConfig | ClassifierConfig

CONFIGS: dict[str, type[Config]] = {
    "seq2seq": Seq2SeqConfig,
    "language_model": LanguageConfig,
    "classifier": ClassifierConfig,
}


def config_of(recipe: Recipe, vocabularies: Vocabularies) -> Config:
    """The network a recipe asks for, with vocabularies of these sizes."""
    sizes = {f"{name}_vocab": len(tokens) for name, tokens in vocabularies.items()}
    return read(CONFIGS[recipe.task], {**recipe.model, **sizes}, "model")


def spec_of(recipe: Recipe, vocabularies: Vocabularies) -> ModelSpec:
    """The native description of a recipe's network; FormatError where the engine could not run it."""
    config = config_of(recipe, vocabularies)
    generation = GenerationSpec()
    if recipe.task != "classifier":
        generation = GenerationSpec(start=BOS, stop=(EOS,))
    spec = ModelSpec(
        recipe.task,
        tuple(config.encoder()),
        tuple(config.decoder()),
        generation=generation,
        labels=tuple(vocabularies.get("labels", ())),
        name=recipe.name,
    )
    return ModelSpec.from_dict({**spec.to_dict(), **recipe.config})
