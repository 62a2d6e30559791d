"""YAML files that people write: what they say, and on which line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trading_ml.core.errors import BadProject, TradingError


class _Yaml(yaml.SafeLoader):
    """YAML with the yes and no of version 1.2, in which `on` is a word: only true and false are not."""


_BOOL = "tag:yaml.org,2002:bool"
_Yaml.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in known if tag != _BOOL]
    for sign, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver(_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))


@dataclass(frozen=True)
class Document:
    """A file that is a mapping of keys."""

    path: Path
    raw: dict[str, Any]
    tree: Any
    """Its nodes, which know their lines."""

    @classmethod
    def read(cls, path: Path, example: str) -> Document:
        """Read a file.

        Args:
            path: The file.
            example: A file to start from.

        Raises:
            BadProject: when it is not YAML, with the line, or no mapping of keys.
        """
        try:
            loader = _Yaml(path.read_text("utf-8"))
            tree = loader.get_single_node()
            raw = tree and loader.construct_document(tree)
        except yaml.YAMLError as caught:
            mark = getattr(caught, "problem_mark", None)
            where = f"{path.name}, line {mark.line + 1}" if mark else path.name
            raise BadProject(where, f"is not YAML: {getattr(caught, 'problem', caught)}") from None
        if not isinstance(raw, dict):
            raise BadProject(path.name, "is not a mapping of keys", f"start from {example}")
        return cls(path, raw, tree)

    def blamed(self, error: TradingError) -> BadProject:
        """An error about a key, with the file and the line."""
        where = [self.path.name, f"line {self.line(error.culprit)}", *filter(None, [error.culprit])]
        return BadProject(", ".join(where), error.problem, error.fix)

    def line(self, key: str) -> int:
        """The line on which the key at a path stands, or that of the nearest parent that exists; keys may have dots."""
        tree, line = self.tree, self.tree.start_mark.line
        while key:
            pairs = [pair for pair in getattr(tree, "value", []) if isinstance(pair, tuple)]
            found = [pair for pair in pairs if f"{key}.".startswith(f"{pair[0].value}.")]
            if not found:
                break
            line, tree, key = found[0][0].start_mark.line, found[0][1], key[len(found[0][0].value) + 1 :]
        return line + 1
