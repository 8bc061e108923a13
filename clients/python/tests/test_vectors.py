"""The conformance vectors of messages/vectors."""
import socket
import unittest

import cafbus
from cafbus._events import make_event
from cafbus._machines import ConsumerMachine, Subscription

from .support import BusTest, vectors


def line_of(vector):
    return bytes.fromhex(vector["hex"]) if "hex" in vector else vector["text"].encode()


class Frames(unittest.TestCase):
    def test_lines_are_read_as_the_vectors_say(self):
        for vector in vectors("frames")["frames"]:
            with self.subTest(vector["name"]):
                found = cafbus.decode(line_of(vector))
                if "payload" in vector:
                    self.assertEqual(found.pop("payload"), vector["payload"].encode())
                self.assertEqual(found, vector["fields"])

    def test_frames_are_written_as_the_vectors_say(self):
        for vector in vectors("frames")["frames"]:
            if vector.get("written"):
                with self.subTest(vector["name"]):
                    payload = {"payload": vector["payload"].encode()} if "payload" in vector else {}
                    self.assertEqual(cafbus.encode({**vector["fields"], **payload}), line_of(vector) + b"\n")

    def test_lines_that_are_no_frames_are_told(self):
        for vector in vectors("frames")["errors"]:
            with self.subTest(vector), self.assertRaises(cafbus.FrameError) as caught:
                cafbus.decode(line_of(vector))
            self.assertEqual(caught.exception.code, vector["error"])


class Splits(unittest.TestCase):
    def check(self, vector, parts):
        splitter, lines, too_long = cafbus.LineSplitter(vector["limit"]), [], False
        for part in parts:
            splitter.feed(part)
            try:
                for line in splitter:
                    lines.append(line.decode())
            except cafbus.LineTooLong:
                too_long = True
        self.assertEqual((lines, too_long), (vector["lines"], vector["too_long"]))
        if not too_long:
            self.assertEqual(splitter.pending, len(vector["rest"].encode()))

    def test_lines_come_out_wherever_the_stream_is_cut(self):
        for vector in vectors("splits")["splits"]:
            with self.subTest(vector["name"]):
                stream = vector["stream"].encode()
                for at in range(len(stream) + 1):
                    self.check(vector, [stream[:at], stream[at:]])
                self.check(vector, [stream[i:i + 1] for i in range(len(stream))])


class Answers(BusTest):
    def setUp(self):
        super().setUp()
        self.run_program("start")

    def test_the_bus_answers_as_the_vectors_say(self):
        for vector in vectors("answers")["answers"]:
            with self.subTest(vector["name"]), socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(20)
                sock.connect(self.folder + "/default/bus.sock")
                repeat = vector.get("repeat", {"text": "", "times": 0})
                sock.sendall("".join(vector["send"]).encode() + repeat["text"].encode() * repeat["times"])
                lines = sock.makefile("rb")
                for wanted in vector["answers"]:
                    found = cafbus.decode(lines.readline())
                    self.assertEqual({name: found.get(name) for name in wanted}, wanted)
                if vector["closes"]:
                    self.assertEqual(self.rest_of(lines), b"")

    @staticmethod
    def rest_of(lines):
        try:
            return lines.read()
        except ConnectionResetError:  # the end, of a connection on which something was left unread
            return b""


class CloudEvents(unittest.TestCase):
    def event(self, text):
        machine = ConsumerMachine(Subscription("k"))
        machine.feed(b'{"type":"hello_ack"}\n' + text.encode() + b"\n")
        return next(machine.words())

    def test_events_become_cloudevents(self):
        for vector in vectors("cloudevents")["out"]:
            with self.subTest(vector["name"]):
                self.assertEqual(cafbus.to_cloudevent_json(self.event(vector["event"])).decode(), vector["cloudevent"])

    def test_cloudevents_become_events(self):
        for vector in vectors("cloudevents")["in"]:
            with self.subTest(vector["name"]):
                envelope = vector.get("envelope", False)
                if vector.get("error"):
                    with self.assertRaises(cafbus.InvalidEvent):
                        cafbus.from_cloudevent(vector["cloudevent"], envelope)
                else:
                    found = cafbus.encode_publish(cafbus.from_cloudevent(vector["cloudevent"], envelope))
                    self.assertEqual(found.decode(), vector["publish"] + "\n")

    def test_a_value_is_taken_as_its_text(self):
        given = {"specversion": "1.0", "id": "7", "source": "/s", "type": "t", "data": [1]}
        self.assertEqual(cafbus.from_cloudevent(given), make_event("t", [1], id="/s#7", app_id="/s"))
