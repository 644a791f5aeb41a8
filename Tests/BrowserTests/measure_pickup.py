"""How long it takes from the pickup to the first frame of the other side, with Chromium far from its node.

    Tests/BrowserTests/run measure_pickup [--calls 50] [--delay-ms 100] [--cluster]

Each of the two browsers reaches its node through a TCP proxy that delays every byte, in either direction. Media go
directly. The moment counts when the frame is on the screen, so decoding and drawing are in it.
"""

import argparse
import statistics
import sys

from support.browsers import start_browser
from support.pages import Page
from support.proxies import DelayProxy
from support.servers import Cluster, Node
from support.waiting import wait_until

# Milliseconds since 1970, of a step; null if it did not come yet.
MOMENT = """
    const { startedAt, timings } = switchboard.call;
    return timings[arguments[0]] === undefined ? null : startedAt + timings[arguments[0]];
"""


def moment(page, step):
    return page.focus().execute_script(MOMENT, step)


def one_call(alice, bob):
    """Milliseconds from bob's pickup: until ICE is connected at bob's, until bob sees alice, until alice sees bob."""
    alice.call("bob")
    bob.wait_ringing("alice")
    wait_until(lambda: "offerSent" in bob.timings_of_ringing, "bob's device has its answer prepared")
    alice.wait_call_state("ringing")
    bob.focus().execute_script("document.querySelector('[data-testid=accept]').click()")
    bob_sees = wait_until(lambda: moment(bob, "firstFrame"), "bob sees alice")
    alice_sees = wait_until(lambda: moment(alice, "firstFrame"), "alice sees bob")
    picked_up = moment(bob, "pickedUp")
    figures = moment(bob, "iceConnected") - picked_up, bob_sees - picked_up, alice_sees - picked_up
    alice.hang_up()
    for page in (alice, bob):
        page.wait_notice("has ended")
    return figures


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(url_of, calls):
    """`url_of`: the address by which a client of this name reaches its node."""
    browsers = [start_browser(), start_browser()]
    try:
        alice, bob = (
            Page(driver, url_of(name), name).wait_connected() for driver, name in zip(browsers, ("alice", "bob"))
        )
        return [one_call(alice, bob) for _ in range(calls)]
    finally:
        for driver in browsers:
            driver.quit()


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--delay-ms", type=float, default=100)
    parser.add_argument("--cluster", action="store_true", help="three nodes behind a balancer instead of one node")
    options = parser.parse_args(arguments)
    server = Cluster() if options.cluster else Node()
    proxies = [DelayProxy(int(server.url.rpartition(":")[2]), options.delay_ms / 1_000) for _ in range(2)]
    try:
        urls = dict(zip(("alice", "bob"), (proxy.url for proxy in proxies)))
        figures = measure(urls.__getitem__, options.calls)
    finally:
        for proxy in proxies:
            proxy.close()
        server.close()
    print(f"{options.calls} calls, each client {options.delay_ms:g} ms from its node; from the pickup, in ms:")
    for name, values in zip(("connected", "callee's first frame", "caller's first frame"), zip(*figures)):
        print(f"{name:>22}: p50 {statistics.median(values):.0f}, p99 {percentile(values, 0.99):.0f}, "
              f"longest {max(values):.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
