"""``fastseq train``: a recipe to a model."""

from __future__ import annotations

import argparse

from fastseq.cli.common import Commands, add_threads, command

EXAMPLES = """\
  fastseq train phonemes-en --out my-phonemes
  fastseq train recipe.json --out my-model --resume
"""


def add(commands: Commands) -> None:
    parser = command(commands, "train", "train the model that a recipe describes (needs PyTorch)", EXAMPLES)
    parser.add_argument(
        "recipe", metavar="RECIPE", help="a JSON file, or the name of a recipe in the package"
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the model and its checkpoints"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last finished epoch in DIR")
    add_threads(parser)
    parser.set_defaults(command=train)


def train(options: argparse.Namespace) -> int:
    import sys

    from fastseq.train import train

    watched = sys.stderr.isatty()
    result = train(
        options.recipe, options.out, resume=options.resume, progress=watched, threads=options.threads
    )
    figures = ", ".join(f"{name} {value:.4g}" for name, value in result.dev.items())
    print(f"{options.out}: epoch {result.epoch}, dev {figures}")
    return 0
