"""``python -m fastseq``: the command line."""

import sys

from fastseq.cli import main

sys.exit(main())
