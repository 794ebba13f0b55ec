"""`python -m vgg_keras`, the same program as `vgg-keras`."""

from vgg_keras.cli.program import main

raise SystemExit(main())
