"""`python -m vgg_keras`, the same program as `vgg-keras`."""

from vgg_keras.cli import main

raise SystemExit(main())
