"""A client in Python: subscribes, publishes, reads back what it has published. messages/PROTOCOL.md has one that does
without the package.

Usage: client.py SOCKET
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "clients", "python"))  # not needed once it is installed
import cafbus  # noqa: E402

COUNT = 100
folder, app = os.path.split(os.path.dirname(sys.argv[1]))

with cafbus.connect(app, directory=folder) as bus, bus.subscribe("example.python") as events:
    totals = bus.publish_many(cafbus.make_event("example.python", {"n": n}) for n in range(COUNT))
    print(totals.accepted, "accepted")
    for event in events:
        if event.payload == {"n": COUNT - 1}:
            break
    print("the last one:", event.payload, "dropped:", events.dropped)
