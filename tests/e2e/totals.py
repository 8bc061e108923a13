"""The last line of `cafbus consume`, which accounts for every event."""
import re

from checks import check, equal

LAST_LINE = re.compile(r"\[cafbus\] exited: received=(\d+) handled=(\d+)(?: filtered=(\d+))? failed=(\d+) dropped=(\d+) left=(\d+) reason=(\w+)\n\Z")
NAMES = ("received", "handled", "filtered", "failed", "dropped", "left")


def last_line(process):
    """What the last line says, as a dict; it must add up."""
    found = LAST_LINE.search(process.err.decode("utf-8", "replace"))
    check(found, f"no last line with totals: {process.describe()}")
    totals = dict(zip(NAMES, (int(x or 0) for x in found.groups()[:6])))
    equal(totals["handled"] + totals["filtered"] + totals["failed"], totals["received"], f"handled, filtered, failed: {totals}")
    return totals | {"reason": found.group(7)}


def ended(process, reason, received, dropped=0, code=0, **more):
    """@param more handled, filtered, failed or left, where they are worth a check"""
    process.expect_exit(code)
    expected = {"reason": reason, "received": received, "dropped": dropped, **more}
    totals = last_line(process)
    equal({name: totals[name] for name in expected}, expected, "the last line")
    return totals
