import { setTimeout as sleep } from "node:timers/promises";
import { parseIpv4 } from "../../address/ipv4.ts";
import { readHostFacts } from "../../apply/host-facts.ts";
import type { HostSignal, Signals, Unseen } from "../../diagnose/signals.ts";
import type { Ruleset } from "../../diagnose/rules/ruleset.ts";
import { readRuleset } from "../../diagnose/rules/read-ruleset.ts";
import { readBootHashSize } from "../../kernel/conntrack/boot-hash-size.ts";
import { KernelError } from "../../kernel/error.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { readModules } from "../../kernel/proc.ts";
import { readRulesetSources } from "../../kernel/ruleset/read.ts";
import { readUptime } from "../../kernel/uptime.ts";
import { bucketsAtBoot } from "../../plan/table.ts";
import { takeSnapshot } from "../counters/snapshot.ts";
import { readLimitUse } from "../limits.ts";
import { DropWatch } from "../drops/watch.ts";
import type { PortSupply } from "../flows/port-use.ts";
import { counterSignals, readingsOf } from "./counter-signals.ts";
import { dropsSignal } from "./drops.ts";
import { lookForLeak } from "./leak.ts";
import { hasLimits, limitSignals, NO_LIMITS } from "./limits.ts";
import { readLogSignals } from "./log.ts";
import { readNetwork } from "./network.ts";
import { readSettings } from "./settings.ts";
import { takeCensusAside } from "./take-census.ts";
import { readTranslation, suppliesOf } from "./translation.ts";

/** What to look at, and for how long. */
export interface GatherOptions {
  readonly namespace?: NamespaceName;
  /** Between the two readings. */
  readonly seconds: number;
  /** Counters are compared with those of an earlier look, in place of those at the beginning of this one. */
  readonly since?: Signals;
  /** The ports that source NAT has, where they are known. */
  readonly supplies?: readonly PortSupply[];
  /** Leave the connection table alone: it is what takes time. */
  readonly withoutTable?: boolean;
  /** Told what is being done, for progress. */
  readonly onStep?: (step: string) => void;
  /** Ends the wait early; what there is by then is told. */
  readonly signal?: AbortSignal;
}

/** Modules whose presence matters. */
const MODULES = [
  "nf_conntrack",
  "nf_nat",
  "br_netfilter",
  "nf_conntrack_ftp",
  "nf_nat_ftp",
  "nf_conntrack_sip",
  "nf_nat_sip",
  "nf_conntrack_pptp",
  "nf_nat_pptp",
  "nf_conntrack_tftp",
  "nf_nat_tftp",
  "nf_conntrack_irc",
  "nf_conntrack_h323",
  "nf_conntrack_netbios_ns",
  "nf_flow_table",
];

const SAMPLES_PER_SECOND = 20;

const DROPS_NOT_SINCE: Unseen = {
  signal: "drops",
  what: "dropped packets by cause",
  why: "the kernel keeps no record of them: only counters reach back to the earlier look",
  remedy: "look for some seconds, without an earlier look",
};

/** Reads all signals of the namespace. Changes nothing; what cannot be read is named and left out. */
export async function gatherSignals(options: GatherOptions): Promise<Signals> {
  const { namespace } = options;
  const unseen: Unseen[] = [];
  const step = options.onStep ?? (() => undefined);
  // Throws where there is no such namespace, before anything is begun.
  const facts = readHostFacts(namespace, { values: "now" });
  const { since } = options;
  if (since !== undefined) unseen.push(DROPS_NOT_SINCE);
  const watch =
    since === undefined ? attempt(unseen, "drops", "dropped packets by cause", () => openWatch(namespace)) : undefined;
  try {
    step("reading counters");
    const before = takeSnapshot(namespace);
    const usedBefore =
      since === undefined && hasLimits(before.texts, before.readings)
        ? attempt(unseen, "refusals", "what limits refuse", () => readLimitUse(namespace))
        : undefined;
    watch?.next();
    const began = since === undefined ? Date.now() : Date.parse(since.takenAt);
    if (since === undefined) {
      step(`watching for ${options.seconds} s`);
      await sleep(options.seconds * 1000, undefined, { signal: options.signal }).catch(() => undefined);
    }
    const after = takeSnapshot(namespace);
    const drops = watch?.next();
    const ended = Date.now();
    const seconds = since === undefined ? (after.clock - before.clock) / 1000 : (ended - began) / 1000;
    for (const { what, why, remedy } of after.missing) unseen.push({ signal: "counters", what, why, remedy });
    for (const limit of watch?.limits ?? []) {
      unseen.push({ signal: "drops", what: "functions that drop", why: limit, remedy: "run as root of the host" });
    }
    step("reading settings, links and the kernel's log");
    const network = readNetwork(namespace);
    const settings = readSettings(
      namespace,
      network.links.map(({ name }) => name),
    );
    const log = attempt(unseen, "log", "the kernel's log", () => readLogSignals(began, ended));
    step("reading rules");
    const rules = attempt(unseen, "rules", "rules", () => readRules(namespace, unseen));
    const translation =
      rules === undefined
        ? undefined
        : attempt(unseen, "pools", "rules of translation", () => readTranslation(namespace, rules, network.addresses));
    const limits = hasLimits(after.texts, after.readings)
      ? attempt(unseen, "refusals", "what limits refuse", () =>
          limitSignals(since ?? usedBefore, readLimitUse(namespace)),
        )
      : NO_LIMITS;
    step("reading the connection table");
    const table = options.withoutTable
      ? undefined
      : await attemptLater(unseen, "table", "the connection table", () =>
          takeCensusAside({
            namespace,
            supplies: options.supplies ?? suppliesOf(translation?.pools ?? []),
            own: network.addresses.flatMap(({ address }) => parseIpv4(address) ?? []),
            settings,
            services: translation?.services ?? [],
          }),
        );
    const modules = [...readModules(MODULES)].flatMap(([name, state]) => (state === "loaded" ? [name] : []));
    const { kernelRelease, memoryBytes, cpus, bysourceBuckets, isHostNamespace } = facts;
    const signals: Signals = {
      version: 1,
      takenAt: new Date(ended).toISOString(),
      seconds,
      host: {
        kernelRelease,
        memoryBytes,
        cpus,
        uptimeSeconds: readUptime(),
        hostNamespace: isHostNamespace,
        ...bysourceOf(bysourceBuckets, memoryBytes),
        modules,
      },
      counters: counterSignals(
        since === undefined ? before.readings : readingsOf(since.counters),
        after.readings,
        seconds,
      ),
      texts: after.texts,
      settings,
      network,
      ...(drops === undefined ? {} : { drops: dropsSignal(drops) }),
      ...(table === undefined ? {} : { table }),
      ...(log === undefined ? {} : { log }),
      ...(rules === undefined ? {} : { rules }),
      ...limits,
      ...translation,
      unseen,
    };
    const leak = await attemptLater(unseen, "leak", "packets that leave untranslated", () =>
      lookForLeak(namespace, signals),
    );
    return leak === undefined ? signals : { ...signals, leak };
  } finally {
    watch?.close();
  }
}

/** Undefined where nothing at all could be read. */
function readRules(namespace: NamespaceName, unseen: Unseen[]): Ruleset | undefined {
  const sources = readRulesetSources(namespace);
  const remedy = "run as root, or give the process CAP_NET_ADMIN";
  for (const text of sources.failed) {
    unseen.push({ signal: "rules", what: "rules of a program", why: text.replaceAll(/\s+/g, " "), remedy });
  }
  const rules = readRuleset(sources);
  for (const why of rules.unread) {
    unseen.push({ signal: "rules", what: "a rule", why, remedy: "look at it with the program that wrote it" });
  }
  return sources.failed.length > 0 && rules.chains.size === 0 ? undefined : rules;
}

/** The kernel does not tell it: what somebody asked for at boot, or what the kernel itself takes for the memory. */
function bysourceOf(known: number | undefined, memoryBytes: number): Partial<HostSignal> {
  const bysourceBuckets = known ?? readBootHashSize();
  return bysourceBuckets === undefined
    ? { bysourceBuckets: bucketsAtBoot(memoryBytes), bysourceAssumed: true }
    : { bysourceBuckets };
}

function openWatch(namespace: NamespaceName): DropWatch {
  return new DropWatch({ namespace, only: true, samplesPerSecond: SAMPLES_PER_SECOND });
}

function attempt<T>(unseen: Unseen[], signal: keyof Signals, what: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    unseen.push(unseenBecause(signal, what, error));
    return undefined;
  }
}

async function attemptLater<T>(
  unseen: Unseen[],
  signal: keyof Signals,
  what: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    unseen.push(unseenBecause(signal, what, error));
    return undefined;
  }
}

function unseenBecause(signal: keyof Signals, what: string, error: unknown): Unseen {
  if (!(error instanceof KernelError)) throw error;
  return { signal, what, why: error.message.replaceAll(/\s+/g, " "), remedy: error.remedy };
}
