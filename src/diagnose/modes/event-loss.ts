import type { FailureMode } from "../failure-mode.ts";
import type { Fix } from "../finding.ts";
import { formatCount, formatRate } from "../figures.ts";
import { deltaOf, settingOf, valueOf, type Signals } from "../signals.ts";

const ROOM = "net.core.rmem_max";
const ENOUGH_BYTES = 16 * 2 ** 20;

/** Somebody who listens to the events of connection tracking does not read them fast enough. */
export const mode: FailureMode = {
  id: "event-loss",
  title: "A listener loses events of connection tracking",
  severity: "degraded",
  why: "Whoever keeps a log of translations, a copy of the table on a second gateway or a view of it from events is told of connections by the kernel; what does not fit in the buffer of the program's socket is gone, and log and copy are wrong from then on.",
  needs: [],
  examine: (signals) =>
    listenersOf(signals).flatMap((name) => {
      const lost = deltaOf(signals, `${name}.drops`);
      if (lost === 0) return [];
      const who = signals.texts[name] ?? "a program";
      const [program = "a program", events = "all"] = who.split(": ");
      const room = settingOf(signals, ROOM);
      return [
        {
          subject: program,
          summary: `${program} lost ${formatCount(lost)} events, ${formatRate(lost / signals.seconds)}`,
          evidence: [
            { what: "events that found no room in the socket's buffer", value: formatCount(lost), meaning: events },
            {
              what: "since the socket was opened",
              value: formatCount(valueOf(signals, `${name}.drops`) ?? lost),
            },
            {
              what: "bytes waiting at the end",
              value: formatCount(valueOf(signals, `${name}.queuedBytes`) ?? 0),
              meaning: "it does not read, or not fast enough",
            },
            ...(room === undefined ? [] : [{ what: `room a program may ask for (${ROOM})`, value: formatCount(room) }]),
          ],
          fixes: [moreRoom(room), fewerEvents()],
        },
      ];
    }),
};

function listenersOf({ counters }: Signals): string[] {
  return Object.keys(counters).flatMap((name) => /^(listener\.\d+)\.drops$/.exec(name)?.[1] ?? []);
}

function moreRoom(room: number | undefined): Fix {
  const value = String(Math.max(ENOUGH_BYTES, room ?? 0));
  return {
    text: "Give the program a larger buffer, and let it read the table anew after a loss",
    commands: [
      `sysctl -w ${ROOM}=${value}    # lets programs ask for so much`,
      "conntrackd.conf: NetlinkBufferSize 8388608, NetlinkBufferSizeMaxGrowth 67108864",
      "ulogd.conf, [NFCT]: netlink_socket_buffer_size=8388608, netlink_socket_buffer_maxsize=67108864",
      "conntrack -E -b 8388608",
      "meganat events --buffer 64    # MB; says what it lost, and prints the table anew afterwards",
    ],
    effect: "bursts find room; events that were lost stay lost until the table is read anew",
    risk: "kernel memory of that size, while the program is behind",
  };
}

function fewerEvents(): Fix {
  return {
    text: "Let the kernel send fewer: only kinds that are needed, or only connections that are",
    commands: [
      "nft add rule ip TABLE prerouting ct event set new, destroy    # none for every change of state",
      "sysctl net.netfilter.nf_conntrack_events                       # 2: only while somebody listens",
    ],
    effect: "a third of the events or less for the same log",
    risk: "a program that needs the others no longer sees them",
  };
}
