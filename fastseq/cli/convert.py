"""``fastseq convert``: any model to the native folder, in any precision."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from fastseq.cli.common import DTYPES, Commands, command, texts_of

EXAMPLES = """\
  fastseq convert checkpoint20.npz g2p-en
  fastseq convert sentiment_lstm.pth fin-sentiment --spec fin-sentiment.json --dtype int8
  fastseq convert my-model my-model-int8 --dtype int8 --text sentences.txt
  fastseq convert SmolLM2-135M-Instruct SmolLM2-int4 --dtype int4 --text wiki.txt
"""


def add(commands: Commands) -> None:
    parser = command(
        commands, "convert", "write a model as a fastseq folder, and tell what it loses", EXAMPLES
    )
    parser.add_argument("source", metavar="SRC", help="what `fastseq run` takes as MODEL")
    parser.add_argument("folder", metavar="DST", help="the folder to write")
    parser.add_argument("--spec", metavar="FILE", help="what a PyTorch checkpoint holds (docs/formats.md)")
    parser.add_argument("--dtype", choices=DTYPES, help="precision of the matrices (default: as stored)")
    parser.add_argument("--text", action="append", metavar="FILE", help="texts a line to measure the loss on")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.set_defaults(command=convert)


def convert(options: argparse.Namespace) -> int:
    from fastseq.conversion import convert

    texts = texts_of(options.text) if options.text else None
    loss = convert(options.source, options.folder, spec=options.spec, dtype=options.dtype, texts=texts)
    size = sum(file.stat().st_size for file in Path(options.folder).iterdir() if file.is_file())
    if options.json:
        report = {"folder": options.folder, "bytes": size, "loss": loss and loss.to_dict()}
        print(json.dumps(report, ensure_ascii=False))
        return 0
    print(f"{options.folder}: {size / 2**20:.2f} MiB")
    if loss is not None:
        if loss.perplexity is not None and loss.perplexity_before is not None:
            change = loss.perplexity / loss.perplexity_before - 1
            print(
                f"perplexity {loss.perplexity:.4f}, in float32 {loss.perplexity_before:.4f} ({change:+.2%})"
            )
        print(f"{loss.dtype} beside float32 on {loss.texts} texts:")
        print(f"  equal outputs                          {loss.equal:.2%}")
        print(f"  largest difference of a probability    {loss.probability:.2g}")
        print(f"  ... of the likeliest's log-probability {loss.logprob:.2g}")
    return 0
