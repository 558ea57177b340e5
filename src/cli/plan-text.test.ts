import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planGateway } from "../plan/plan-gateway.ts";
import { campus, forward, host, ip, prefix, sourceNat } from "../../test/fixtures/gateways.ts";
import { arbitraryGateway } from "../../test/arbitrary/gateway.ts";
import { planText } from "./plan-text.ts";

const one = (address: string) => ({ first: ip(address), last: ip(address) });

test("the campus, in 80 columns", () => {
  assert.equal(
    planText(planGateway(campus(), host()), { withoutPaper: true }),
    `Source NAT campus, out by link wan
  subscribers           10,000  10.10.1.0-10.10.40.15
  public addresses          28  61.138.177.3-61.138.177.30, ports 1024-65535
  ports each               128  a subscriber's own; 504 subscribers an address
  port blocks           14,112  10,000 given, 1 reserved, 4,111 spare
  moved by forwards          1  10.10.1.55 has 61.138.177.30:65408-65535
  translations       1,280,000  at once to one destination address and port

Port forwards
  portal  61.138.177.3:8080/tcp  to 10.10.0.2:8080

Connection table
  connections      1,700,000  10,000 subscribers x 170
  entries          2,125,312  a quarter more; the host has 262,144 now
  buckets          8,501,248  chains of 0.4; the host has 262,144 now
  memory, full       586 MiB  3.6 % of 16.0 GiB; 256 bytes an entry, and hashes
  with extensions    845 MiB  5.2 %; 384 bytes an entry: once something listens
                              to connection events
  slots by source    262,144  of the NAT, fixed at boot; chains of 6.5
  new each second      5,000  by the file; 5 min each (assumed): 1,500,000
                              entries
  neighbours          10,000  10,000 on lan: each needs an ARP entry

Timeouts
                     now   proposed   RFC asks
  tcp-syn-sent     2 min      4 min      4 min  RFC 5382 REQ-5
  tcp-syn-recv     1 min      4 min      4 min  RFC 5382 REQ-5
  tcp-established    5 d  2 h 4 min  2 h 4 min  RFC 5382 REQ-5
  tcp-fin-wait     2 min      4 min      4 min  RFC 5382 REQ-5
  tcp-close-wait   1 min      4 min      4 min  RFC 5382 REQ-5
  tcp-last-ack      30 s      4 min      4 min  RFC 5382 REQ-5
  tcp-time-wait    2 min      4 min      4 min  RFC 5382 REQ-5
  tcp-close         10 s      4 min      4 min  RFC 7857 section 2
  udp               30 s      2 min      2 min  RFC 4787 REQ-5
  udp-stream       2 min      5 min      2 min  RFC 4787 REQ-5
  icmp              30 s      1 min      1 min  RFC 5508 REQ-2
  assumed of 100 new connections: 45 TCP closed in order, 5 TCP reset, 3 TCP
  never answered, 1 TCP left open and forgotten, 36 UDP question, answered once
  or never, 8 UDP conversation, 2 ICMP query; each active for 30 s

Kernel settings to change
  net.ipv4.ip_forward: 0 -> 1
      without it the kernel drops every packet that is not for itself
  net.ipv4.ip_early_demux: 1 -> 0
      what passes through is for no socket here: looking for one first costs 4 %
      of a new connection
  net.netfilter.nf_conntrack_max: 262144 -> 2125312  [whole host]
      1,700,000 connections expected, a quarter more as head-room
  net.netfilter.nf_conntrack_buckets: 262144 -> 8501248  [whole host]
      4 for each entry: each is in the table twice, so a bucket of a full one
      holds 0.5 on average
  net.ipv4.neigh.default.gc_thresh1: 128 -> 10000  [whole host]
      10,000 hosts are on the links themselves; entries kept without garbage
      collection
  net.ipv4.neigh.default.gc_thresh2: 512 -> 20000  [whole host]
      10,000 hosts are on the links themselves; entries kept for more than 5 s
  net.ipv4.neigh.default.gc_thresh3: 1024 -> 40000  [whole host]
      10,000 hosts are on the links themselves; entries at most; beyond, packets
      to new hosts are dropped
  and 11 timeouts, as in the table above

campus-border can be applied: no errors, 0 warnings.
`,
  );
});

test("a shared pool, forwards, static and twice NAT, and problems last", () => {
  const gateway = campus({
    sourceNat: [sourceNat("10.10.1.0-10.10.40.15")],
    portForwards: [forward("portal", "61.138.177.3:8080/tcp", "10.10.0.2:80")],
    staticNat: [
      { name: "mail", public: one("61.138.177.31"), private: one("10.10.0.4"), out: "wan", reachedBy: "address" },
    ],
    twiceNat: [
      {
        name: "branch",
        inside: { link: "lan", hosts: prefix("192.168.1.0/24"), seenAs: prefix("10.1.1.0/24") },
        outside: { link: "wan", hosts: prefix("192.168.1.0/24"), seenAs: prefix("10.2.2.0/24") },
      },
    ],
    capacity: { ...campus().capacity, timeouts: { profile: "paper", seconds: {} } },
  });
  const text = planText(planGateway(gateway, host({ interfaces: ["lo", "bond0"] })), { withoutPaper: true });
  assert.equal(
    text,
    `Source NAT campus, out by link wan
  subscribers          10,000  10.10.1.0-10.10.40.15
  public addresses         28  61.138.177.3-61.138.177.30, ports that no forward
                               takes
  per address             357  subscribers on average, 391 at most
  refused                 0 %  of new connections, if 25 % of them (assumed) are
                               to one destination: 29 % of its ports
  refused               100 %  of new connections, if all of them were to one
                               destination: 116 % of its ports, too many
  translations      1,799,279  at once to one destination address and port

Port forwards
  portal  61.138.177.3:8080/tcp  to 10.10.0.2:80

Static NAT
  mail  61.138.177.31  is 10.10.0.4, both ways, by link wan

Twice NAT
  branch  192.168.1.0/24 on lan  is seen as 10.1.1.0/24 by the other side
          192.168.1.0/24 on wan  is seen as 10.2.2.0/24 by the other side

Connection table
  connections      1,700,000  10,000 subscribers x 170
  entries          2,125,312  a quarter more; the host has 262,144 now
  buckets          8,501,248  chains of 0.4; the host has 262,144 now
  memory, full       586 MiB  3.6 % of 16.0 GiB; 256 bytes an entry, and hashes
  with extensions    845 MiB  5.2 %; 384 bytes an entry: once something listens
                              to connection events
  slots by source    262,144  of the NAT, fixed at boot; chains of 6.5
  new each second      5,000  by the file; 1 min 52 s each (assumed): 560,000
                              entries
  neighbours          10,000  10,000 on lan: each needs an ARP entry

Timeouts
                     now  proposed   RFC asks   entries
  tcp-syn-sent     2 min      same      4 min   -18,000  RFC 5382 REQ-5
  tcp-syn-recv     1 min      same      4 min            RFC 5382 REQ-5
  tcp-established    5 d     5 min  2 h 4 min  -357,000  RFC 5382 REQ-5
  tcp-fin-wait     2 min      same      4 min            RFC 5382 REQ-5
  tcp-close-wait   1 min      same      4 min            RFC 5382 REQ-5
  tcp-last-ack      30 s      same      4 min            RFC 5382 REQ-5
  tcp-time-wait    2 min      same      4 min  -270,000  RFC 5382 REQ-5
  tcp-close         10 s      same      4 min   -57,500  RFC 7857 section 2
  udp               30 s      same      2 min  -162,000  RFC 4787 REQ-5
  udp-stream       2 min      same      2 min   -72,000  RFC 4787 REQ-5
  icmp              30 s      same      1 min    -3,000  RFC 5508 REQ-2
  entries: more (+) or fewer (-) than with the RFCs' timeouts; assumed of 100
  new connections: 45 TCP closed in order, 5 TCP reset, 3 TCP never answered, 1
  TCP left open and forgotten, 36 UDP question, answered once or never, 8 UDP
  conversation, 2 ICMP query; each active for 30 s

Kernel settings to change
  net.ipv4.ip_forward: 0 -> 1
      without it the kernel drops every packet that is not for itself
  net.ipv4.ip_early_demux: 1 -> 0
      what passes through is for no socket here: looking for one first costs 4 %
      of a new connection
  net.netfilter.nf_conntrack_max: 262144 -> 2125312  [whole host]
      1,700,000 connections expected, a quarter more as head-room
  net.netfilter.nf_conntrack_buckets: 262144 -> 8501248  [whole host]
      4 for each entry: each is in the table twice, so a bucket of a full one
      holds 0.5 on average
  net.ipv4.neigh.default.gc_thresh1: 128 -> 10000  [whole host]
      10,000 hosts are on the links themselves; entries kept without garbage
      collection
  net.ipv4.neigh.default.gc_thresh2: 512 -> 20000  [whole host]
      10,000 hosts are on the links themselves; entries kept for more than 5 s
  net.ipv4.neigh.default.gc_thresh3: 1024 -> 40000  [whole host]
      10,000 hosts are on the links themselves; entries at most; beyond, packets
      to new hosts are dropped
  and 1 timeout, as in the table above

warning[timeout-below-rfc] at capacity.timeouts
  tcp-established is 5 min, and RFC 5382 REQ-5 asks at least 2 h 4 min, 25 times
  as long: quiet but living connections are cut; it saves about 357,000 entries.
  fix: Set tcp-established to 7440s or more, or use timeouts: rfc.

warning[timeout-below-rfc] at capacity.timeouts
  The kernel's own timeouts are left as they are, shorter than an RFC asks:
  tcp-syn-sent 2 min (RFC 5382 REQ-5: 4 min), tcp-syn-recv 1 min (RFC 5382
  REQ-5: 4 min), tcp-fin-wait 2 min (RFC 5382 REQ-5: 4 min), tcp-close-wait 1
  min (RFC 5382 REQ-5: 4 min), tcp-last-ack 30 s (RFC 5382 REQ-5: 4 min),
  tcp-time-wait 2 min (RFC 5382 REQ-5: 4 min), tcp-close 10 s (RFC 7857 section
  2: 4 min), udp 30 s (RFC 4787 REQ-5: 2 min), icmp 30 s (RFC 5508 REQ-2: 1
  min).
  fix: Use timeouts: rfc.

warning[interface-missing] at links.lan
  This host has no interface bond1 (link lan).
  fix: Create it before applying the file, or name another with interface:
       bond0.

campus-border can be applied: no errors, 3 warnings.
`,
  );
});

test("a refused plan says so in the last line, with places in the file", () => {
  const plan = planGateway(campus({ sourceNat: [sourceNat("10.10.0.0/16", { blocks: 128 })] }), host());
  const [problem] = plan.problems;
  assert.ok(problem);
  const located = { ...problem, file: "gateway.yaml", line: 12, column: 9, length: 3, text: "" };
  const lines = planText(plan, { problems: [located], withoutPaper: true }).split("\n");
  assert.equal(lines.at(-2), "campus-border cannot be applied: 1 error, 0 warnings.");
  assert.ok(lines.includes("error[pool-too-small] gateway.yaml:12:9 at source-nat[0].ports.per-subscriber"));
});

test("no line is longer than the terminal, commands and addresses apart", () => {
  const plan = planGateway(campus(), host());
  for (const width of [40, 80, 120]) {
    const long = planText(plan, { width })
      .split("\n")
      .filter((line) => line.length > Math.max(80, width) && !line.includes("->"));
    assert.deepEqual(long, []);
  }
});

test("colours go where they are asked for", () => {
  const text = planText(planGateway(campus(), host()), { paint: (style, part) => `<${style}>${part}</>` });
  assert.match(text, /^<heading>Source NAT campus, out by link wan<\/>\n/);
  assert.match(text, /<good>campus-border can be applied: no errors, 0 warnings\.<\/>\n$/);
});

test("property: any plan can be written", () => {
  fc.assert(
    fc.property(arbitraryGateway(), (gateway) => {
      const text = planText(planGateway(gateway, host()));
      assert.doesNotMatch(text, /NaN|Infinity|undefined|\[object/);
      assert.match(text, /(can be applied: no errors|cannot be applied: \d+ errors?), \d+ warnings?\.\n$/);
    }),
    { numRuns: 40 },
  );
});
