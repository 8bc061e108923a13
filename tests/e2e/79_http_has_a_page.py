"""The page of the gateway in a real browser: what it shows, by keyboard alone, under a flood, and without a word of
complaint. With CAFBUS_SCREENSHOTS=FOLDER it leaves pictures there."""
import os
import signal
import threading
import time

from chromium import Browser
from gateway import TOKEN, Gateway, write_secret
from harness import SLOWDOWN, check, equal, main, scenario

PICTURES = os.environ.get("CAFBUS_SCREENSHOTS")
TAB, ENTER = ("Tab", 9), ("Enter", 13, "\r")


def picture(browser, name):
    if PICTURES:
        browser.screenshot(os.path.join(PICTURES, name + ".png"))


def texts(browser, selector):
    return browser.value(f"[...document.querySelectorAll('{selector}')].map(x => x.innerText)")


def in_words(condition, what):
    return f"document.body.innerText.includes('{condition}')", what


def tab_to(browser, name):
    """Goes on by the keyboard until the field or button of that name has the focus."""
    for _ in range(40):
        browser.press(*TAB)
        if browser.value(f"document.activeElement.name === '{name}'"):
            return
    check(False, f"no way to {name} by the keyboard")


@scenario
def it_shows_who_consumes_and_what_is_lost(t):
    bus = t.start_bus("--source", "exec:sleep 1000", "--queue-capacity", "1000", "--write-timeout", "1h")
    keeps_up = t.consume("orders", "--types", "order.*", stdout=open(os.devnull, "w"))  # noqa: SIM115
    for key in ("mail", "audit", "search.index", "webhooks"):
        t.consume(key, "--types", "order.*,user.created", stdout=open(os.devnull, "w"))  # noqa: SIM115
    stuck = t.join("billing", ["order.paid"], capabilities=["x"])
    stuck.stuck = True
    browser = Browser(t)
    browser.go(Gateway(t).url)
    browser.await_true(*in_words("billing", "the consumers"))
    stop = threading.Event()

    def flood():
        with_text = [{"type": "publish", "event_type": "order.paid", "payload": {"n": n, "pad": "x" * 400}} for n in range(400)]
        while not stop.is_set():
            t.publish(*with_text)
            stop.wait(0.02)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        browser.await_true("document.getElementById('state').innerText === 'dropping'", "that somebody drops")
        browser.await_true("document.querySelector('#consumers .node.bad b').innerText === 'billing'", "who drops")
        check("drops" in texts(browser, "#rows tr")[0], "the one that drops stands first")
        browser.await_true("document.querySelectorAll('#flow path.runs').length >= 5", "lines that run")
        picture(browser, "dropping-light")
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        picture(browser, "dropping-dark")
    finally:
        stop.set()
        thread.join()
    equal(browser.errors, [], "complaints of the browser")
    check(keeps_up.running and bus.running, "they go on")


@scenario
def the_keyboard_is_enough_with_a_bus_or_without(t):
    gateway = Gateway(t)
    browser = Browser(t)
    browser.go(gateway.url)
    browser.await_true(*in_words("No bus is running", "that there is none"))
    picture(browser, "no-bus-light")
    bus = t.start_bus()
    t.join("k", ["order.paid"])
    browser.await_true("document.querySelectorAll('#rows tr').length === 1", "a consumer")
    tab_to(browser, "types")
    browser.value("document.activeElement.select()")
    browser.type("order.*")
    browser.press(*ENTER)
    browser.await_true("document.querySelector('#events').innerText.includes('subscribed')", "the tail")
    gateway.ask("/publish?type=order.paid", '{"amount":1.10,"to":"<b>&"}\n')
    browser.await_true("document.querySelector('#events').innerText.includes('\"amount\":1.10,\"to\":\"<b>&\"')", "the event, as it came")
    gateway.process.signal(signal.SIGTERM)
    gateway.process.expect_exit(0)
    t.publish({"type": "publish", "event_type": "order.paid", "payload": "while the gateway was away"})
    gateway = Gateway(t, listen=f"127.0.0.1:{gateway.port}")
    browser.await_true(*in_words("while the gateway was away", "what the tail has missed"))
    browser.errors.clear()  # a browser complains of a server that is away
    tab_to(browser, "type")
    browser.type("order.piad")
    browser.press(*ENTER)
    browser.await_true("document.querySelector('#answer').innerText.includes('Is it another name? There is order.paid')", "the answer")
    picture(browser, "tail-light")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    browser.await_true(*in_words("No bus is running", "that it has gone"))
    equal(browser.errors, [], "complaints of the browser")


@scenario
def it_asks_for_the_token_and_no_flood_freezes_it(t):
    t.start_bus()
    for n in range(200):
        peer = t.join(f"service-{n:03}", [f"unheard.{n}"])
        peer.stuck = False
    browser = Browser(t)
    browser.go(Gateway(t, "--token-file", write_secret(t, "token", TOKEN)).url, dark=True)
    browser.await_true("!document.getElementById('token').hidden", "the question")
    tab_to(browser, "token")
    browser.type(TOKEN)
    browser.press(*ENTER)
    browser.await_true("document.querySelectorAll('#rows tr').length === 200", "200 consumers")
    browser.errors.clear()  # a browser complains of each 401
    picture(browser, "200-consumers-dark")
    browser.value("document.getElementById('tail').requestSubmit()")
    browser.await_true("document.querySelector('#events').innerText.includes('subscribed')", "the tail")
    stop, sent = threading.Event(), [0]

    def flood():
        peer = t.connect()
        lines = [{"type": "publish", "event_type": "flood.x", "payload": {"n": n}} for n in range(2_500)]
        begun = time.monotonic()
        while not stop.is_set():
            peer.publish(*lines)
            sent[0] += len(lines)
            stop.wait(max(0, sent[0] / 50_000 - (time.monotonic() - begun)))  # the rate

    thread = threading.Thread(target=flood)
    thread.start()
    begun = time.monotonic()
    try:
        browser.await_true(*in_words("more were left out", "the count of what is not shown"))
        # the longest time in which the page did not get to a timer of its own
        longest = browser.value("""new Promise(done => { let last = performance.now(), most = 0; const end = last + 3000;
            const tick = () => { const at = performance.now(); most = Math.max(most, at - last); last = at;
              at < end ? setTimeout(tick, 20) : done(most); }; tick(); })""")
        rate = sent[0] / (time.monotonic() - begun)
        picture(browser, "flood-dark")
    finally:
        stop.set()
        thread.join()
    print(f"     {rate:,.0f} events/s: the page never stood still for more than {longest:.0f} ms", flush=True)
    check(longest < 2_000 * SLOWDOWN, f"it stood still for {longest:.0f} ms")
    equal(browser.errors, [], "complaints of the browser")


main()
