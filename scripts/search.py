"""`vgg-keras search`, from a checkout."""

import sys

from vgg_keras.cli import main

if __name__ == "__main__":
    sys.exit(main(["search", *sys.argv[1:]]))
