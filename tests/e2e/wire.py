"""A wire between two processes that can be cut and held: a relay of TCP connections in a thread of the test."""
import selectors
import socket
import threading

CHUNK = 65_536


class Wire:
    """Listens at `place` and relays to a port. While it is cut, connections are reset and new ones refused; while it is
    held, bytes wait and connections stay."""

    def __init__(self, t, port):
        self.target, self.held, self.pairs = ("127.0.0.1", port), False, {}
        self.lock = threading.Lock()
        self.selector = selectors.DefaultSelector()
        self.wake, waker = socket.socketpair()
        self.selector.register(waker, selectors.EVENT_READ, None)
        self.waker, self.listener, self.ended = waker, None, False
        self.address = None
        self.mend()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        t.cleanups.append(self.close)

    @property
    def place(self):
        return "127.0.0.1:%d" % self.address[1]

    def mend(self):
        with self.lock:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(self.address or ("127.0.0.1", 0))
            listener.listen()
            self.address = listener.getsockname()
            self.listener = listener
            self.selector.register(listener, selectors.EVENT_READ, listener)
        self.wake.send(b"x")

    def cut(self):
        with self.lock:
            self.selector.unregister(self.listener)
            self.listener.close()
            self.listener = None
            for x in list(self.pairs):
                self.reset(x)
        self.wake.send(b"x")

    def hold(self):
        with self.lock:
            self.held = True

    def let_go(self):
        with self.lock:
            self.held = False
            for x in self.pairs:
                self.selector.register(x, selectors.EVENT_READ, x)
        self.wake.send(b"x")

    def close(self):
        self.ended = True
        self.wake.send(b"x")
        self.thread.join()
        for x in list(self.pairs):
            x.close()
        if self.listener:
            self.listener.close()

    def reset(self, x):
        for end in (x, self.pairs.get(x)):
            if end in self.pairs:
                del self.pairs[end]
                if end in self.selector.get_map():
                    self.selector.unregister(end)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                end.close()

    def run(self):
        while not self.ended:
            ready = self.selector.select()
            with self.lock:
                for key, _ in ready:
                    self.turn(key.data)

    def turn(self, x):
        if x is None:
            self.waker.recv(64)
        elif x is self.listener:
            self.connect(x.accept()[0])
        elif x in self.pairs:
            if self.held:
                self.selector.unregister(x)  # until it is let go
            else:
                self.relay(x)

    def connect(self, near):
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.close()
            return
        self.pairs[near], self.pairs[far] = far, near
        for x in (near, far):
            self.selector.register(x, selectors.EVENT_READ, x)

    def relay(self, x):
        try:
            data = x.recv(CHUNK)
            if data:
                return self.pairs[x].sendall(data)
        except OSError:
            pass
        self.reset(x)
