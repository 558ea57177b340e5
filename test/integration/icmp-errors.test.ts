import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import type { Capture } from "./translation/capture.ts";
import { blocksGateway } from "./translation/gateways.ts";
import { openStage, type Stage } from "./translation/stage.ts";

/** A network behind a narrow link of a router outside. */
const FAR = { network: "203.0.113.0/24", host: "203.0.113.80", mtu: 1280 };

/** Fails with the program's words unless it succeeds. */
function must(namespace: string, command: string, ...args: string[]): string {
  const { stdout, stderr, status } = runInNamespace(namespace, command, args);
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

describe("ICMP errors and bare checksums through the NAT", () => {
  let stage: Stage;
  let inside: Capture;

  before(async () => {
    stage = await openStage(blocksGateway("address"), `t${process.pid}-icmp`);
    inside = stage.captures.inside;
  });
  after(() => stage.close());

  it("port unreachable reaches the subscriber, with the inner packet as the subscriber sent it", async () => {
    const { namespaces } = stage.lab.topology;
    const from = "10.10.1.20";
    // socat ends with an error when its connected UDP socket is told ECONNREFUSED: the error came all the way.
    const udp = runInNamespace(namespaces.inside, "socat", ["-t1", "-", `UDP:198.18.0.1:9,bind=${from}`], {
      input: "nobody listens\n",
    });
    const error = await inside.line(/198\.18\.0\.1 > 10\.10\.1\.20: ICMP 198\.18\.0\.1 udp port 9 unreachable/);
    assert.match(error, /10\.10\.1\.20\.\d+ > 198\.18\.0\.1\.9: /);
    assert.match(udp.stderr, /Connection refused/);
  });

  it("port unreachable from an inside host reaches the caller of a static host", async () => {
    const { namespaces } = stage.lab.topology;
    const udp = runInNamespace(namespaces.outside, "socat", ["-t1", "-", "UDP:61.138.177.10:9,bind=9.9.9.9"], {
      input: "nobody listens\n",
    });
    const error = await stage.captures.outside.line(
      /61\.138\.177\.10 > 9\.9\.9\.9: ICMP 61\.138\.177\.10 udp port 9 unreachable/,
    );
    assert.match(error, /9\.9\.9\.9\.\d+ > 61\.138\.177\.10\.9: /);
    assert.match(udp.stderr, /Connection refused/);
  });

  it("fragmentation needed from a router beyond lowers the subscriber's path MTU", async () => {
    const { namespaces } = stage.lab.topology;
    narrowNetwork(namespaces.outside);
    const from = "10.10.1.21";
    const answer = await stage.clients.inside.ping({ from, to: FAR.host, size: 1400, dontFragment: true, count: 1 });
    assert.equal(answer.received, 0);
    const error = await inside.line(/ > 10\.10\.1\.21: ICMP 203\.0\.113\.80 unreachable - need to frag \(mtu 1280\)/);
    assert.match(error, /10\.10\.1\.21 > 203\.0\.113\.80: ICMP echo request/);
    // The subscriber's kernel believed it: the next packets to that host are of the narrow link's size.
    assert.match(must(namespaces.inside, "ip", "route", "get", FAR.host, "from", from), /mtu 1280/);
  });

  it("a UDP datagram without a checksum arrives, and still has none", async () => {
    const { namespaces } = stage.lab.topology;
    const noChecksum = "setsockopt-int=1:11:1"; // SOL_SOCKET, SO_NO_CHECK
    const { stdout } = runInNamespace(
      namespaces.inside,
      "socat",
      ["-t1", "-", `UDP:198.18.0.2:7,bind=10.10.1.23,${noChecksum}`],
      { input: "bare" },
    );
    assert.equal(stdout, "bare");
    await stage.captures.outside.line(/61\.138\.177\.3\.\d+ > 198\.18\.0\.2\.7: \[no cksum\] UDP, length 4/);
  });

  it("time exceeded by a router beyond comes back, so that traceroute works", async () => {
    const { namespaces } = stage.lab.topology;
    runInNamespace(namespaces.inside, "ping", ["-c", "1", "-W", "1", "-t", "2", "-I", "10.10.1.24", FAR.host]);
    const error = await inside.line(/ > 10\.10\.1\.24: ICMP time exceeded in-transit/);
    assert.match(error, /10\.10\.1\.24 > 203\.0\.113\.80: ICMP echo request/);
  });
});

/** Makes the outside a router with a network of MTU 1280 behind it. */
function narrowNetwork(outside: string): void {
  must(outside, "ip", "link", "add", "narrow", "type", "veth", "peer", "name", "narrow1");
  for (const name of ["narrow", "narrow1"]) must(outside, "ip", "link", "set", name, "mtu", String(FAR.mtu), "up");
  must(outside, "ip", "route", "add", "unicast", FAR.network, "dev", "narrow", "table", "local");
  must(outside, "sysctl", "-qw", "net.ipv4.ip_forward=1");
}
