"""PyTorch twins of the engine's recurrent blocks; state_dict names are those of the native format.

Letters: B texts, S source length, T target length, D width, H hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from fastseq.train.networks import Seq2SeqConfig

State = Tensor | tuple[Tensor, Tensor]  # (layers, B, H); an LSTM's also has its cells

CELLS: dict[str, Callable[..., nn.RNNBase]] = {
    "tanh": nn.RNN,
    "relu": partial(nn.RNN, nonlinearity="relu"),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}


def recurrent(
    cell: str, width: int, hidden: int, layers: int, bidirectional: bool, dropout: float
) -> nn.RNNBase:
    """Stacked cells over (B, T, width); dropout acts between layers."""
    between = dropout if layers > 1 else 0.0
    return CELLS[cell](width, hidden, layers, batch_first=True, bidirectional=bidirectional, dropout=between)


def run_ragged(rnn: nn.RNNBase, x: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
    """Run over rows of different lengths (given on the CPU), as if each stood alone."""
    if int(lengths.min()) == x.shape[1]:
        rows, final = rnn(x)
        return rows, final
    packed, final = rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    rows, _ = pad_packed_sequence(packed, batch_first=True)
    return rows, final


def padding(lengths: Tensor, longest: int) -> Tensor | None:
    """True where a row (B, longest) is past its end; None when no row is."""
    if int(lengths.min()) == longest:
        return None
    return torch.arange(longest) >= lengths.unsqueeze(1)


class Encoder(nn.Module):
    """Embedding and stacked recurrent layers."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.source_vocab, config.source_embedding)
        self.rnn = recurrent(
            config.cell,
            config.source_embedding,
            config.encoder_hidden,
            config.encoder_layers,
            config.bidirectional,
            config.dropout,
        )
        self.dropout = config.dropout

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """Rows (B, S, memory) of ids (B, S), and the last states of all layers."""
        x = functional.dropout(self.embedding(ids), self.dropout, self.training)
        return run_ragged(self.rnn, x, lengths)


class Attention(nn.Module):
    """Luong's (dot, general) or Bahdanau's (additive) look at the encoder rows.

    out = tanh(W [context; query] + b), context the rows' mean weighted by softmax(score).
    """

    def __init__(self, kind: str, width: int, memory: int, output: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "general":
            self.query = nn.Linear(width, memory, bias=False)
        elif kind == "additive":
            self.query = nn.Linear(width, width)
            self.key = nn.Linear(memory, width, bias=False)
            self.score = nn.Linear(width, 1, bias=False)
        self.output = nn.Linear(memory + width, output)

    def forward(self, query: Tensor, rows: Tensor, past_end: Tensor | None) -> Tensor:
        """Queries (B, T, width) over rows (B, S, memory) to (B, T, output)."""
        scores = self._scores(query, rows)
        if past_end is not None:
            scores = scores.masked_fill(past_end.unsqueeze(1), float("-inf"))
        context = torch.softmax(scores, -1) @ rows
        return torch.tanh(self.output(torch.cat([context, query], -1)))

    def _scores(self, query: Tensor, rows: Tensor) -> Tensor:
        if self.kind == "additive":
            mixed = torch.tanh(self.query(query).unsqueeze(2) + self.key(rows).unsqueeze(1))
            return torch.as_tensor(self.score(mixed).squeeze(3))
        turned = self.query(query) if self.kind == "general" else query
        return torch.as_tensor(turned @ rows.transpose(1, 2))


class DecoderState(NamedTuple):
    """What a decoder carries from step to step."""

    rnn: State
    fed: Tensor  # (B, output): the last output, zeros at the start; only input feeding reads it


class Decoder(nn.Module):
    """Embedding, stacked recurrent layers, attention, and a linear head over the vocabulary."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        width = config.decoder_hidden
        self.input_feeding = config.input_feeding
        self.embedding = nn.Embedding(config.target_vocab, config.target_embedding)
        self.rnn = recurrent(config.cell, config.reads, width, config.decoder_layers, False, config.dropout)
        self.attention: Attention | None = None
        if config.attention != "none":
            self.attention = Attention(config.attention, width, config.memory, config.output)
        self.head = nn.Linear(config.output, config.target_vocab)
        self.dropout = config.dropout

    def forward(
        self, ids: Tensor, state: DecoderState, rows: Tensor, past_end: Tensor | None
    ) -> tuple[Tensor, DecoderState]:
        """Logits (B, T, V) of the tokens after ids (B, T), and the state after them."""
        x = self._drop(self.embedding(ids))
        if not self.input_feeding:  # all steps at once
            out, state = self._run(x, state.rnn, rows, past_end)
            return self.head(out), state
        outs: list[Tensor] = []
        for step in x.unbind(1):
            reads = torch.cat([step, state.fed], -1).unsqueeze(1)
            out, state = self._run(reads, state.rnn, rows, past_end)
            outs.append(out)
        return self.head(torch.cat(outs, 1)), state

    def _run(
        self, x: Tensor, state: State, rows: Tensor, past_end: Tensor | None
    ) -> tuple[Tensor, DecoderState]:
        out, state = self.rnn(x, state)
        out = self._drop(out)
        if self.attention is not None:
            out = self._drop(self.attention(out, rows, past_end))
        return out, DecoderState(state, out[:, -1])

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)


class Seq2Seq(nn.Module):
    """Encoder, bridge and decoder."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        if config.bridge == "linear":
            self.bridge = nn.Linear(config.memory, config.decoder_hidden)

    def forward(self, source: Tensor, lengths: Tensor, inputs: Tensor) -> Tensor:
        """Logits (B, T, V) for each position of inputs (B, T), all given at once."""
        rows, state = self.begin(source, lengths)
        logits: Tensor = self.decoder(inputs, state, rows, padding(lengths, source.shape[1]))[0]
        return logits

    def begin(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, DecoderState]:
        """Encoder rows (B, S, memory) and the decoder's first state."""
        rows, final = self.encoder(source, lengths)
        fed = rows.new_zeros(len(source), self.config.output)
        if not isinstance(final, tuple):
            return rows, DecoderState(self._carry(final), fed)
        hidden = self._carry(final[0])
        cells = hidden if self.config.bridge == "linear" else self._carry(final[1])
        return rows, DecoderState((hidden, cells), fed)

    def greedy(self, source: Tensor, lengths: Tensor, bos: int, eos: int, limit: int) -> Tensor:
        """Likeliest next token, again and again: ids (B, T), each row filled up with ``eos``."""
        rows, state = self.begin(source, lengths)
        past_end = padding(lengths, source.shape[1])
        last = torch.full((len(source), 1), bos)
        done = torch.zeros_like(last, dtype=torch.bool)
        said: list[Tensor] = []
        while len(said) < limit and not bool(done.all()):
            logits, state = self.decoder(last, state, rows, past_end)
            last = logits.argmax(-1).masked_fill(done, eos)
            done |= last == eos
            said.append(last)
        return torch.cat(said, 1)

    def _carry(self, final: Tensor) -> Tensor:
        layers = self.config.decoder_layers
        if self.config.bidirectional:  # rows are (layer 0 forward, layer 0 backward, layer 1 ...)
            final = torch.cat([final[0::2], final[1::2]], -1)
        if self.config.bridge == "zero":
            return final.new_zeros(layers, final.shape[1], self.config.decoder_hidden)
        if self.config.bridge == "linear":
            return torch.tanh(self.bridge(final[-1])).expand(layers, -1, -1).contiguous()
        return final[-layers:].contiguous()
