"""The files of the contract, as text: generated TypeScript, the vectors that both languages read, and the records byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import msgspec
from tests.vectors.policy_cases import policy_vectors
from tests.vectors.record_cases import record_vectors

from sotto_keys.device import payload
from sotto_wire import claims, frames, limits
from sotto_wire.codes import Close, Code
from sotto_wire.moments import MOMENTS
from sotto_wire.questions import NEXT as QUESTIONS
from sotto_wire.questions import Standing
from sotto_wire.stages import NEXT, Stage
from sotto_wire.typegen import Room, codes_file, limits_file, moments_file, stages_file, structs_file

if TYPE_CHECKING:
    from types import ModuleType

CHECKOUT: Final = Path(__file__).parents[2]
GENERATED: Final = CHECKOUT / "client_web" / "src" / "wire" / "generated"
FRAME_VECTORS: Final = CHECKOUT / "tests" / "vectors" / "frames.json"

POLICY_VECTORS: Final = CHECKOUT / "tests" / "vectors" / "policy.json"
RECORD_VECTORS: Final = CHECKOUT / "tests" / "vectors" / "records.json"

FROM_CLIENT: Final[tuple[type[msgspec.Struct], ...]] = get_args(frames.FromClient)
FROM_RELAY: Final[tuple[type[msgspec.Struct], ...]] = get_args(frames.FromRelay)


def files() -> dict[Path, str]:
    """Every generated file and what it must say."""
    told = _structs(claims)
    rooms = {
        "claims": Room(structs=told, unions={}, imports={}),
        "frames": Room(
            structs=_structs(frames),
            unions={"FromClient": FROM_CLIENT, "FromRelay": FROM_RELAY},
            imports={"./claims.ts": told},
        ),
        "payload": Room(structs=_structs(payload), unions={}, imports={}),
    }
    written = {GENERATED / f"{name}.ts": structs_file(room) for name, room in rooms.items()}
    written[GENERATED / "codes.ts"] = codes_file(Code, Close)
    written[GENERATED / "limits.ts"] = limits_file(limits)
    written[GENERATED / "stages.ts"] = stages_file(NEXT, Stage)
    written[GENERATED / "questions.ts"] = stages_file(QUESTIONS, Standing)
    written[GENERATED / "moments.ts"] = moments_file(MOMENTS)
    written[FRAME_VECTORS] = json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"
    written[POLICY_VECTORS] = json.dumps(policy_vectors(), indent=1, ensure_ascii=False) + "\n"
    written[RECORD_VECTORS] = json.dumps(record_vectors(), indent=1, ensure_ascii=False) + "\n"
    return written


def _structs(module: ModuleType) -> tuple[type[msgspec.Struct], ...]:
    return tuple(
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, msgspec.Struct)
        and each.__module__ == module.__name__
        and each is not frames.Frame
    )


def vectors() -> dict[str, list[dict[str, object]]]:
    """Each frame as an example, and frames that both languages must refuse."""
    examples = [example(frame) for frame in (*FROM_CLIENT, *FROM_RELAY)]
    return {
        "good": [
            {"name": type(each).__name__, "hex": msgspec.msgpack.encode(each).hex(), "fields": _plain(each)}
            for each in examples
        ],
        "bad": [{"why": why, "hex": raw.hex()} for why, raw in _bad().items()],
    }


def example(frame: type[msgspec.Struct]) -> msgspec.Struct:
    return msgspec.convert(_sample(msgspec.inspect.type_info(frame)), frame)


def _sample(kind: msgspec.inspect.Type) -> object:
    shape = msgspec.inspect
    match kind:
        case shape.IntType(ge=low):
            return (low or 0) + 300
        case shape.BytesType(min_length=low):
            return bytes(range(1, (low or 3) + 1))
        case shape.StrType(pattern=None):
            return "Grüße"
        case shape.StrType():
            return "desk-1"
        case shape.LiteralType(values):
            return values[0]
        case shape.ListType(item_type=item):
            return [_sample(item)]
        case shape.StructType(tag=tag, fields=fields):
            return ([] if tag is None else [tag]) + [_sample(field.type) for field in fields]
        case shape.UnionType(types):
            return _sample(next(each for each in types if not isinstance(each, shape.NoneType)))
        case _:
            return None


def _plain(value: object) -> object:
    match value:
        case bytes():
            return {"bytes": value.hex()}
        case msgspec.Struct():
            tag = type(value).__struct_config__.tag
            fields = {_camel(name): _plain(getattr(value, name)) for name in value.__struct_fields__}
            return fields if tag is None else {"tag": tag} | fields
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _bad() -> dict[str, bytes]:
    pack = msgspec.msgpack.encode
    return {
        "nothing": b"",
        "not MessagePack": b"\xc1",
        "a map": pack({"tag": "done", "ref": 1}),
        "no tag": pack([1]),
        "an unknown tag": pack(["undo", 1]),
        "a field too few": pack(["done"]),
        "a field too many": pack(["done", 1, 2]),
        "trailing bytes": pack(["done", 1]) + b"\xc0",
        "cut short": pack(["follow", 1, bytes(16), 0])[:-1],
        "a float for a number": pack(["done", 1.0]),
        "a boolean for a number": pack(["done", True]),
        "a number below its range": pack(["done", 0]),
        "a number above its range": pack(["done", 2**32]),
        "a number beyond 2^53": pack(["ack", bytes(16), 2**53]),
        "text for bytes": pack(["ack", "a" * 16, 1]),
        "bytes for text": pack(["enrol", 1, b"label"]),
        "bytes too short": pack(["ack", bytes(15), 1]),
        "bytes too long": pack(["ack", bytes(17), 1]),
        "text too long": pack(["enrol", 1, "x" * 513]),
        "a name with an upper-case letter": pack(["watch", 1, "Desk"]),
        "a name that ends in a line break": pack(["watch", 1, "desk\n"]),
        "an empty name": pack(["watch", 1, ""]),
        "a list too long": pack(["publish", 1, [b"k"] * 51, None]),
        "none where a value must be": pack(["done", None]),
        "an extension type": b"\x92" + pack("done") + b"\xd4\x01\x00",
        "broken UTF-8": b"\x93" + pack("enrol") + b"\x01" + b"\xa2\xc3\x28",
        "a nested struct with a field too many": pack(["hello", [b"c", bytes(64), None]]),
    }
