"""YAML without depth and aliases, for jsonargparse."""

from __future__ import annotations

from typing import Any

import yaml
from jsonargparse import get_loader, set_loader

PLAIN_YAML = "plain_yaml"
"""Its name as a mode of the parser."""

STARTS = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
ENDS = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
DEEPEST = 10


def load_plain_yaml(text: str) -> Any:
    """Reads YAML that is neither deep nor has aliases, so that a short file is a short value.

    Raises:
        yaml.YAMLError: If it is not.
    """
    depth = 0
    for token in yaml.scan(text, yaml.SafeLoader):
        depth += isinstance(token, STARTS) - isinstance(token, ENDS)
        if depth > DEEPEST or isinstance(token, yaml.AliasToken):
            raise yaml.YAMLError("expected lists and mappings of values, received deep YAML or *")
    value = get_loader("yaml")(text)
    if isinstance(value, dict) and "config" in value:  # the parser has no answer to it
        raise yaml.YAMLError("expected options, received a configuration inside of one")
    return value


set_loader(PLAIN_YAML, load_plain_yaml, exceptions=(yaml.YAMLError,))
