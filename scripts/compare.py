"""`vgg-keras compare` for people working in a checkout: `python scripts/compare.py --quick`."""

import sys

from vgg_keras.cli.program import main

raise SystemExit(main(["compare", *sys.argv[1:]]))
