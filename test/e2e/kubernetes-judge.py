"""Judges Kubernetes manifests by the models of Kubernetes' own client, which are made from its OpenAPI schema.

Reads JSON objects from standard input, a line each; prints a line for each problem.
"""
import json
import re
import sys

from kubernetes import client
from kubernetes.client import models

# What applies each object: the class of the model for its apiVersion and kind.
def model_of(manifest):
    group, _, version = manifest["apiVersion"].rpartition("/")
    name = version[:1].upper() + version[1:] + manifest["kind"]
    return getattr(models, name, None), group


def problems_in(value, type_name, path):
    if value is None:
        return
    inner = re.match(r"list\[(.*)\]$", type_name)
    if inner:
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for index, item in enumerate(value):
            yield from problems_in(item, inner.group(1), f"{path}[{index}]")
        return
    inner = re.match(r"dict\(str, (.*)\)$", type_name)
    if inner:
        for key, item in value.items():
            yield from problems_in(item, inner.group(1), f"{path}.{key}")
        return
    simple = {"str": str, "int": int, "bool": bool, "float": (int, float)}.get(type_name)
    if simple:
        if not isinstance(value, simple) or (type_name == "int" and isinstance(value, bool)):
            yield f"{path} is no {type_name}: {value!r}"
        return
    if type_name in ("object", "datetime"):
        return
    model = getattr(models, type_name)
    if not isinstance(value, dict):
        yield f"{path} is no {type_name}"
        return
    known = {there: here for here, there in model.attribute_map.items()}
    given = {}
    for key, item in value.items():
        if key not in known:
            yield f"{path}.{key} is unknown"
            continue
        given[known[key]] = item
        yield from problems_in(item, model.openapi_types[known[key]], f"{path}.{key}")
    try:  # missing and forbidden values
        model(**given)
    except ValueError as error:
        yield f"{path}: {error}"


for line in sys.stdin:
    manifest = json.loads(line)
    model, group = model_of(manifest)
    place = f"{manifest['kind']} {manifest['metadata']['name']}"
    if model is None:
        print(f"{place}: there is no {manifest['apiVersion']} {manifest['kind']}")
        continue
    for problem in problems_in(manifest, model.__name__, place):
        print(problem)
print(f"judged by {client.__name__}")
