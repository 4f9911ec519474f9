"""The model that facts are of, in memory: for what changes a model before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.convert.folder import read_folder
from builder.convert.model import ConvertedModel
from builder.inputs.facts import ModelFacts
from builder.inputs.jsonfile import MAX_JSON_BYTES, parse_json, read_text


def document_of(facts: ModelFacts) -> Mapping[str, Any]:
    """model.json, in the form that TensorFlow.js reads."""
    text = facts.rewritten.decode() if facts.rewritten else read_text(facts.json_path, MAX_JSON_BYTES)
    document: Mapping[str, Any] = parse_json(text, facts.json_path)
    return document


def loaded(facts: ModelFacts, document: Mapping[str, Any]) -> ConvertedModel:
    """The model with its weights; `document` is what `document_of` gave."""
    return read_folder(document, [facts.folder / shard.path for shard in facts.shards])
