"""Both encodings of the client protocol's frames, as dictionaries in the JSON mapping."""

import functools
import importlib
import json
import subprocess
import sys
import tempfile

from .servers import ROOT

SCHEMA = ROOT / "Sources" / "SwitchboardProtocol" / "Schema"


class JSONEncoding:
    """`switchboard.v1.json`: text messages."""

    subprotocol = "switchboard.v1.json"

    def encode(self, frame):
        return json.dumps(frame, separators=(",", ":"))

    def decode(self, data):
        return json.loads(data)


class ProtobufEncoding:
    """`switchboard.v1.protobuf`: binary messages. The code is generated from the schema when it is first used."""

    subprotocol = "switchboard.v1.protobuf"

    def encode(self, frame):
        from google.protobuf import json_format

        return json_format.ParseDict(frame, generated().ClientFrame()).SerializeToString()

    def decode(self, data):
        from google.protobuf import json_format

        return json_format.MessageToDict(generated().ServerFrame.FromString(data))


@functools.cache
def generated():
    with tempfile.TemporaryDirectory(prefix="switchboard-schema-") as folder:
        subprocess.run(
            ["protoc", f"--proto_path={SCHEMA}", f"--python_out={folder}", str(SCHEMA / "client.proto")], check=True
        )
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("client_pb2")
        finally:
            sys.path.remove(folder)
