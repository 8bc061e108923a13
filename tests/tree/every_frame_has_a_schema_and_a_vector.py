"""Whoever writes a client reads the schema, the vectors and the AsyncAPI document: each names every frame of
messages/frames.hpp, with the fields that messages/frame_layout.hpp gives it."""
import json
import re
import sys

VECTORS = "messages/vectors/"
#: Their payloads travel as bytes, so they are in no variant and have no layout.
WITH_PAYLOAD = {"publish_line": "publish", "event_line": "event"}


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def layouts():
    """Of each struct its type on the wire, if it is a frame, and its fields, each with whether it is always written."""
    found = {}
    for name, body in re.findall(r"struct layout<(\w+)> \{(.*?)^\};", read("messages/frame_layout.hpp"), re.M | re.S):
        wire = re.search(r'type = "(\w+)"', body)
        fields = {x[1]: not x[0] for x in re.findall(r'f(\.maybe)?\("(\w+)"', body)}
        found[name] = (wire and wire[1], fields)
    return found


def frames():
    """The wire's name of every frame."""
    variant = re.search(r"using frame =\s*std::variant<(.*?)>;", read("messages/frames.hpp"), re.S)[1]
    known = layouts()
    return [WITH_PAYLOAD.get(x) or known[x][0] for x in re.findall(r"\w+", variant) if x != "unknown_line"]


def compare_layouts(schema):
    for name, (wire, fields) in layouts().items():
        entry = schema["$defs"].get(wire or name)
        if entry is None:
            yield f"frames.schema.json has no {wire or name}"
            continue
        given = [x for x in entry["properties"] if x != "type"]
        required = [x for x in entry["required"] if x != "type"]
        if given != list(fields):
            yield f"frames.schema.json: fields of {name} are {given}, in frame_layout.hpp {list(fields)}"
        if required != [x for x, always in fields.items() if always]:
            yield f"frames.schema.json: {name} requires {required}, which differs from frame_layout.hpp"


def complaints(value, schema, root, where):
    """What a value violates of the words of JSON Schema that ours uses; an unknown word is a complaint as well."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    for word, wanted in schema.items():
        if word == "$ref":
            yield from complaints(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, where)
        elif word == "type":
            if not isinstance(value, kinds[wanted]) or (wanted == "integer" and isinstance(value, bool)):
                yield f"{where}: no {wanted}"
                return
        elif word == "const" and value != wanted or word == "minimum" and value < wanted or \
                word == "maximum" and value > wanted or word == "minLength" and len(value) < wanted:
            yield f"{where}: violates {word} {wanted}"
        elif word == "required":
            yield from (f"{where}: without {x}" for x in wanted if x not in value)
        elif word == "items":
            for x in value:
                yield from complaints(x, wanted, root, where + "[]")
        elif word == "properties":
            for name in wanted.keys() & value.keys():
                yield from complaints(value[name], wanted[name], root, f"{where}.{name}")
        elif word == "additionalProperties":
            for name in value.keys() - schema.get("properties", {}).keys():
                yield from complaints(value[name], wanted, root, f"{where}.{name}")
        elif word not in ("const", "minimum", "maximum", "minLength"):
            yield f"this test does not know the word {word} of JSON Schema"


def compare_vectors(schema, names):
    vectors = load(VECTORS + "frames.json")["frames"]
    seen = {x["fields"]["type"] for x in vectors if x.get("written")}
    yield from (f"frames.json has no vector of how {x} is written" for x in names if x not in seen)
    for vector in vectors:
        if vector.get("written"):
            fields = dict(vector["fields"])
            if "payload" in vector:
                fields["payload"] = vector["payload"]
            yield from complaints(fields, schema["$defs"][fields["type"]], schema, vector["name"])
            if unknown := fields.keys() - schema["$defs"][fields["type"]]["properties"].keys():
                yield f"{vector['name']}: the schema has no {unknown}"


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolves(reference, document):
    path, _, pointer = reference.partition("#")
    target = load("clients/" + path) if path else document
    try:
        for step in pointer.strip("/").split("/"):
            target = target[step]
    except KeyError:
        return False
    return True


def compare_asyncapi(names):
    document = load("clients/asyncapi.json")
    yield from (f"asyncapi.json lacks {x}" for x in ("asyncapi", "info", "channels", "operations") if x not in document)
    yield from (f"asyncapi.json: {x} leads nowhere" for x in references(document) if not resolves(x, document))
    channel = document["channels"]["socket"]["messages"]
    used = {x["$ref"].rsplit("/", 1)[1] for op in document["operations"].values()
            for x in op["messages"] + op.get("reply", {}).get("messages", [])}
    for name in names:
        if name not in channel or name not in document["components"]["messages"]:
            yield f"asyncapi.json has no message {name}"
        elif name not in used:
            yield f"asyncapi.json: no operation has {name}"


def main():
    schema, names = load(VECTORS + "frames.schema.json"), frames()
    wrong = [*compare_layouts(schema), *compare_vectors(schema, names)]
    wrong += [f"frames.schema.json: oneOf lacks {x}" for x in names if {"$ref": f"#/$defs/{x}"} not in schema["oneOf"]]
    wrong += [f"frames.schema.json: {x} leads nowhere" for x in references(schema) if not resolves(x, schema)]
    wrong += compare_asyncapi(names)
    print("\n".join(wrong) or f"{len(names)} frames")
    return 1 if wrong or not names else 0


sys.exit(main())
