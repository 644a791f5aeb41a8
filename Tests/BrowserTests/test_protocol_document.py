"""docs/PROTOCOL.md says what is: its examples fit the schema, its tables the code, its traces a running node."""

import unittest

from support import document
from support.encodings import generated
from support.player import Player
from support.servers import Node

CODES = "SwitchboardProtocol/Codes"


class ExampleTests(unittest.TestCase):
    def assert_fits(self, frame, *kinds):
        from google.protobuf import json_format

        problems = []
        for kind in kinds:
            try:
                json_format.ParseDict(frame, getattr(generated(), kind)())
                return
            except json_format.ParseError as error:
                problems.append(f"{kind}: {error}")
        self.fail(f"{frame} fits no schema: {problems}")

    def test_frames_fit_the_schema(self):
        frames = document.frames()
        self.assertGreater(len(frames), 10)
        for frame in frames:
            self.assert_fits(frame, "ClientFrame", "ServerFrame", "Message")

    def test_every_message_that_a_send_or_delivery_may_hold_has_an_example(self):
        messages = document.messages()
        for message in messages.values():
            self.assert_fits(message, "Message")
        kinds = {each.json_name for each in generated().Message.DESCRIPTOR.oneofs_by_name["content"].fields}
        self.assertEqual(messages.keys() | {"iceServers"}, kinds)

    def test_traces_fit_the_schema(self):
        for trace in document.traces():
            for step in trace.steps:
                if step.frame is not None:
                    self.assert_fits(step.frame, "ClientFrame" if step.sends else "ServerFrame")


class TableTests(unittest.TestCase):
    def test_errors(self):
        self.assertEqual(document.names_in_table("Errors"), document.swift_cases(f"{CODES}/ErrorName.swift"))

    def test_reasons_of_ends(self):
        self.assertEqual(document.names_in_table("Reasons of `ended`"), document.swift_cases(f"{CODES}/EndReason.swift"))


class TraceTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(lambda: cls.node.close())

    def test_traces_are_what_a_node_does(self):
        traces = document.traces()
        self.assertGreater(len(traces), 8)
        for trace in traces:
            with self.subTest(trace.name):
                self.assertEqual(Player(self.node.url, trace).play(), [])


if __name__ == "__main__":
    unittest.main()
