"""`vgg-keras search` for people working in a checkout: `python scripts/search.py --trials 3`."""

import sys

from vgg_keras.cli.program import main

raise SystemExit(main(["search", *sys.argv[1:]]))
