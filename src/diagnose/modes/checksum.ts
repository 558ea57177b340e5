import type { FailureMode } from "../failure-mode.ts";
import { topOf } from "../dropped.ts";
import type { Evidence, Fix } from "../finding.ts";
import { formatCount, formatRate } from "../figures.ts";
import { deltaOf, droppedFor, type DroppedHeader, type Signals } from "../signals.ts";

/** Damaged packets and scanners' crafted ones come now and then. */
const NOTEWORTHY_PER_SECOND = 5;
/** Of the sampled packets of a drop cause: fewer say nothing. */
const FEWEST_SAMPLES = 5;
const NOTEWORTHY_SHARE = 0.2;
/** Causes under which a rule, or something else on a hook, drops what connection tracking called invalid. */
const FORWARD_CAUSES = ["rule", "hook", "netfilter"];
const COUNTERS = ["IpExt.InCsumErrors", "Tcp.InCsumErrors", "Udp.InCsumErrors", "Icmp.InCsumErrors"];

/** Packets with a wrong checksum: damaged on the way, or left unfinished by a sender that relied on a network card. */
export const mode: FailureMode = {
  id: "checksum",
  title: "Packets have wrong checksums",
  severity: "loss",
  why: "Connection tracking takes a packet whose checksum is wrong for invalid and does not translate it, and no host accepts it: the sender tries again, mostly with the same result.",
  needs: [],
  counters: ["IpExt.InCsumErrors"],
  // A wrong checksum makes a forwarded packet invalid, and rules drop invalid ones.
  consequences: ["invalid-leak", "rule-drop"],
  examine: (signals) => {
    const dropped = droppedFor(signals, "checksum");
    const counted = COUNTERS.reduce((sum, name) => sum + deltaOf(signals, name), 0);
    const forwarded = forwardedOf(signals);
    const lost = Math.max(dropped, counted) + forwarded.packets;
    if (lost < NOTEWORTHY_PER_SECOND * signals.seconds) return [];
    const wrong = (signals.drops?.headers ?? []).filter(isWrong);
    const unfinished = wrong.filter(({ checksum }) => checksum === "unfinished").length;
    const evidence: Evidence[] = [
      {
        what: "packets dropped for their checksum where they were received",
        value: formatCount(Math.max(dropped, counted)),
        meaning: COUNTERS.flatMap((name) => {
          const delta = deltaOf(signals, name);
          return delta > 0 ? [`${name} +${formatCount(delta)}`] : [];
        }).join(", "),
      },
    ];
    if (forwarded.packets > 0) {
      evidence.push(
        {
          what: "packets on their way through, dropped, with a wrong TCP, UDP or ICMP checksum",
          value: `about ${formatCount(forwarded.packets)}`,
          meaning: `${forwarded.wrong} of ${forwarded.judged} sampled packets that rules dropped`,
        },
        {
          what: "packets that connection tracking found invalid",
          value: formatCount(deltaOf(signals, "conntrack.invalid")),
        },
      );
    }
    if (unfinished > 0) {
      evidence.push({
        what: "checksums left unfinished",
        value: `${unfinished} of ${wrong.length} sampled`,
        meaning: "the sender computed the part over the addresses only, and relied on a network card for the rest",
      });
    }
    const explains = [{ cause: "checksum" }, ...[...forwarded.byCause].map(([cause, packets]) => ({ cause, packets }))];
    const top = topOf("Senders", wrong, ({ source, interface: name }) =>
      source === undefined ? undefined : `${source} by ${name}`,
    );
    return [
      {
        summary: `${formatRate(lost / signals.seconds)} packets lost to wrong checksums${unfinished > 0 ? ", left unfinished by their sender" : ""}`,
        evidence: evidence.filter(({ value, meaning }) => value !== "0" || meaning !== ""),
        ...(top === undefined ? {} : { top }),
        lostPackets: lost,
        explains,
        fixes: fixes(wrong, unfinished > wrong.length / 2),
      },
    ];
  },
};

function isWrong({ checksum, cause }: DroppedHeader): boolean {
  return cause === "checksum" || checksum === "wrong" || checksum === "unfinished";
}

/** Packets that rules dropped as invalid: as many of them as of the samples had a wrong checksum. */
function forwardedOf(signals: Signals): {
  readonly packets: number;
  readonly judged: number;
  readonly wrong: number;
  readonly byCause: ReadonlyMap<string, number>;
} {
  const byCause = new Map<string, number>();
  let [packets, judgedOfAll, wrongOfAll] = [0, 0, 0];
  // Connection tracking counts every packet whose checksum is wrong; an unfinished one of a local sender is not wrong.
  const invalid = deltaOf(signals, "conntrack.invalid");
  for (const cause of FORWARD_CAUSES) {
    const headers = (signals.drops?.headers ?? []).filter((header) => header.cause === cause);
    const judged = headers.filter(({ checksum }) => checksum !== undefined);
    const wrong = judged.filter(isWrong).length;
    if (wrong < FEWEST_SAMPLES || wrong < judged.length * NOTEWORTHY_SHARE) continue;
    const estimate = Math.min(invalid - packets, Math.round((droppedFor(signals, cause) * wrong) / judged.length));
    if (estimate <= 0) continue;
    byCause.set(cause, estimate);
    packets += estimate;
    judgedOfAll += judged.length;
    wrongOfAll += wrong;
  }
  return { packets, judged: judgedOfAll, wrong: wrongOfAll, byCause };
}

function fixes(wrong: readonly DroppedHeader[], unfinished: boolean): Fix[] {
  const name = wrong[0]?.interface ?? "IF";
  const sender: Fix = {
    text: "On the sender, let the kernel compute checksums instead of the network card",
    commands: ["ethtool -K IF tx off    # on the sending host, its interface"],
    effect: "packets of that host leave with complete checksums",
    risk: "costs the sender some CPU, and tcp segmentation offload goes off with it",
  };
  const here: Fix = {
    text: `Find out whether the card of ${name} damages or misjudges them: switch its receive offload off`,
    commands: [`ethtool -K ${name} rx off gro off`, `tcpdump -ni ${name} -vv | grep -i 'bad\\|incorrect'`],
    effect: "if the counters stand still then, the card or its driver is at fault; else the packets arrive damaged",
    risk: "costs some CPU; put it back with `rx on gro on`",
  };
  return unfinished ? [sender, here] : [here, sender];
}
