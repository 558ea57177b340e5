import { formatIpv4, type Ipv4 } from "../../address/ipv4.ts";
import type { FlowSignal, GroupSignal, StateSignal, TableSignal } from "../../diagnose/signals/table.ts";
import type { ServiceSignal } from "../../diagnose/signals/translation.ts";
import { IDLE_CLASSES } from "../../diagnose/signals/table.ts";
import { CTA_COUNTERS_ORIG, CTA_COUNTERS_PACKETS, CTA_COUNTERS_REPLY } from "../../kernel/conntrack/attributes.ts";
import { STATUS, TCP_STATES } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import { protocolName } from "../../kernel/conntrack/protocol-name.ts";
import type { ScanResult } from "../../kernel/conntrack/scan.ts";
import { addressOfKey, tallyAddress } from "../flows/address-key.ts";
import { KeyTally, type Tallied } from "../flows/key-tally.ts";
import { PortUseCount, type PortSupply, type PortUse } from "../flows/port-use.ts";
import { makeSide, toSubscriber, type Side } from "../flows/sides.ts";
import { EXACT_KEYS } from "../flows/summary.ts";
import { flowSignal, helperName } from "./flow.ts";
import { idleClass, timeoutSetting } from "./idle.ts";
import { Reservoir } from "./reservoir.ts";
import { ServicePorts } from "./service-ports.ts";
import { ZoneCount } from "./zone-count.ts";

/** What the census must know beforehand; plain data. */
export interface CensusOrder {
  readonly supplies: readonly PortSupply[];
  /** Addresses of the host: what begins or ends there needs no translation. */
  readonly own: readonly Ipv4[];
  /** Kernel settings, for the timeouts. */
  readonly settings: Readonly<Record<string, string>>;
  /** What the host takes connections for from outside. */
  readonly services: readonly ServiceSignal[];
}

const TFTP = (17 << 16) | 69;
/** Protocols that carry addresses or ports in their payload, so that NAT needs a helper: `protocol << 16 | port`. */
const HELPER_PORTS: ReadonlySet<number> = new Set([
  (6 << 16) | 21,
  (6 << 16) | 1723,
  (6 << 16) | 5060,
  (17 << 16) | 5060,
  TFTP,
  (6 << 16) | 6667,
  (6 << 16) | 1720,
  (17 << 16) | 137,
  (17 << 16) | 10_080,
]);

const AF_INET = 2;
const TCP = 6;
const SYN_SENT = TCP_STATES.indexOf("SYN_SENT");
const SYN_RECV = TCP_STATES.indexOf("SYN_RECV");
/** States that a connection is in after its answer; without one it was picked up in the middle. */
const ANSWERED: ReadonlySet<number> = new Set(
  (["ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT"] as const).map((name) => TCP_STATES.indexOf(name)),
);
/** Packets without one answer that are more than a first try and its repetitions. */
const ONE_WAY_PACKETS = 8;
/** Flows kept of each kind, and rows of each list. */
const KEPT = 64;
const ROWS = 10;
/** A pool has 65,536 addresses at most. */
const PUBLIC_ADDRESSES = 4096;
/** The port use of so many destinations is told, and of those over this occupancy also whose it is. */
const FULLEST = 10;
const WORTH_A_LOOK = 0.5;
/** Further protocols' states are never seen. */
const MOST_STATES = 64;

interface StateCount {
  readonly protocol: number;
  readonly state: string;
  count: number;
  assured: number;
  unreplied: number;
  readonly idle: number[];
  known: boolean;
}

/** Sums up the connection table in one pass, entry by entry; see `TableSignal`. */
export class Census {
  readonly #order: CensusOrder;
  readonly #now: number;
  readonly #own: ReadonlySet<Ipv4>;
  readonly #services: ServicePorts;
  readonly #states = new Map<number, StateCount>();
  readonly #timeouts = new Map<string, number | undefined>();
  readonly #ports: PortUseCount;
  readonly #subscribers = new KeyTally(EXACT_KEYS);
  readonly #zones: ZoneCount;
  readonly #publicAddresses = new KeyTally(EXACT_KEYS);
  readonly #halfOpenSources = new KeyTally(EXACT_KEYS);
  readonly #halfOpenDestinations = new KeyTally(EXACT_KEYS);
  readonly #helperPorts = new KeyTally(HELPER_PORTS.size);
  readonly #helpers = new Map<string, number>();
  readonly #withoutHelper = new Reservoir<FlowSignal>(KEPT);
  readonly #untranslated = new Reservoir<FlowSignal>(KEPT);
  readonly #unansweredForwards = new Reservoir<FlowSignal>(KEPT);
  readonly #oneWay = new Reservoir<FlowSignal>(KEPT);
  readonly #shadowed = new Reservoir<FlowSignal>(KEPT);
  readonly #unforwarded = new Reservoir<FlowSignal>(KEPT);
  readonly #shadows = new KeyTally(EXACT_KEYS);
  readonly #unanswered = new KeyTally(EXACT_KEYS);
  #side: Side | undefined;
  #entries = 0;
  #assured = 0;
  #unreplied = 0;
  #source = 0;
  #destination = 0;
  #offloaded = 0;

  /** `now` in seconds since 1970. */
  constructor(order: CensusOrder, now: number) {
    this.#order = order;
    this.#now = now;
    this.#own = new Set(order.own);
    this.#services = new ServicePorts(order.services, this.#own);
    this.#zones = new ZoneCount(now);
    this.#ports = new PortUseCount(order.supplies);
  }

  /** Takes the next entry. */
  add(entry: ConnectionEntry): void {
    const { status, original } = entry;
    this.#entries++;
    if ((status & STATUS.assured) !== 0) this.#assured++;
    if ((status & STATUS.seenReply) === 0) this.#unreplied++;
    if ((status & STATUS.offload) !== 0) this.#offloaded++;
    const state = protocolState(entry);
    this.#countState(entry, state);
    this.#zones.add(entry);
    const side = (this.#side ??= makeSide(entry));
    toSubscriber(side, entry);
    tallyAddress(this.#subscribers, entry, side);
    if (original.protocol === TCP && (state === SYN_SENT || state === SYN_RECV)) this.#countHalfOpen(entry, side);
    this.#countTranslation(entry, side);
    this.#countHelper(entry);
    if (this.#isOneWay(entry, state)) this.#oneWay.offer(() => flowSignal(entry, this.#now));
  }

  /** Ends the first pass; false: no ports are so full, nor zones so many, that it is worth a second one with `attribute`. */
  choose(): boolean {
    this.#ports.choose(FULLEST);
    return this.#ports.result(0).some(({ occupancy }) => occupancy >= WORTH_A_LOOK) || this.#zones.several;
  }

  /** Takes the next entry of the second pass, which finds out who fills the ports, and where answers went. */
  attribute(entry: ConnectionEntry): void {
    this.#ports.attribute(entry);
    if (this.#zones.several) this.#zones.attribute(entry);
  }

  /** After `choose`. */
  result(scan: ScanResult): TableSignal {
    const tallies = [this.#subscribers, this.#publicAddresses, this.#halfOpenSources, this.#halfOpenDestinations];
    return {
      entries: this.#entries,
      seconds: scan.seconds,
      interrupted: scan.interrupted || scan.resized,
      exact: tallies.every(({ error }) => error === 0) && this.#ports.error === 0,
      states: this.#stateSignals(),
      assured: this.#assured,
      unreplied: this.#unreplied,
      translated: { source: this.#source, destination: this.#destination },
      offloaded: this.#offloaded,
      zones: this.#zones.zones.slice(0, ROWS),
      subscribers: groups(this.#subscribers, addressText),
      halfOpen: {
        sources: groups(this.#halfOpenSources, addressText),
        destinations: groups(this.#halfOpenDestinations, ({ key }) => `${formatIpv4(key[3])}:${key[2]}`),
      },
      publicAddresses: this.#publicAddresses.top(PUBLIC_ADDRESSES).map(({ key, count }) => ({
        address: formatIpv4(key[3]),
        connections: count,
        unreplied: Math.min(count, this.#unanswered.count(...key)),
      })),
      portUse: this.#ports.result(ROWS).map(portUseSignal),
      helperPorts: groups(this.#helperPorts, ({ key }) => `${protocolName(key[2])}/${key[3]}`),
      withoutHelper: this.#withoutHelper.kept,
      helpers: [...this.#helpers].map(([key, count]) => ({ key, count })).toSorted((a, b) => b.count - a.count),
      untranslated: this.#untranslated.kept,
      unansweredForwards: this.#unansweredForwards.kept,
      oneWay: this.#oneWay.kept,
      shadowed: this.#shadowed.kept,
      seen: {
        untranslated: this.#untranslated.seen,
        unansweredForwards: this.#unansweredForwards.seen,
        oneWay: this.#oneWay.seen,
        shadowed: this.#shadowed.seen,
        unforwarded: this.#unforwarded.seen,
      },
      shadows: groups(
        this.#shadows,
        ({ key: [, address, protocol, port] }) => `${formatIpv4(address)}:${port}/${protocolName(protocol)}`,
      ),
      unforwarded: this.#unforwarded.kept,
      strayAnswers: this.#zones.strayAnswers,
    };
  }

  #countState(entry: ConnectionEntry, state: number): void {
    const { status, original } = entry;
    const place = original.protocol * MOST_STATES + state + 1;
    let count = this.#states.get(place);
    if (count === undefined) {
      const name = PROTOCOL_STATES[state] ?? "";
      const idle = new Array<number>(IDLE_CLASSES.length + 1).fill(0);
      count = { protocol: original.protocol, state: name, count: 0, assured: 0, unreplied: 0, idle, known: false };
      this.#states.set(place, count);
    }
    const isAssured = (status & STATUS.assured) !== 0;
    count.count++;
    if (isAssured) count.assured++;
    if ((status & STATUS.seenReply) === 0) count.unreplied++;
    const timeout = this.#timeoutOf(count, isAssured);
    if (timeout === undefined) return;
    count.known = true;
    const place2 = idleClass(Math.max(0, timeout - entry.timeout));
    count.idle[place2] = (count.idle[place2] ?? 0) + 1;
  }

  #timeoutOf({ protocol, state }: StateCount, isAssured: boolean): number | undefined {
    const key = `${protocol} ${state} ${isAssured}`;
    if (this.#timeouts.has(key)) return this.#timeouts.get(key);
    const name = timeoutSetting(protocol, state, isAssured);
    const text = name === undefined ? undefined : this.#order.settings[name];
    const seconds = text === undefined ? undefined : Number(text);
    this.#timeouts.set(key, seconds);
    return seconds;
  }

  #countHalfOpen(entry: ConnectionEntry, side: Side): void {
    side.tuple = entry.original;
    side.isSource = true;
    tallyAddress(this.#halfOpenSources, entry, side);
    const { family, destination, destinationPort } = entry.original;
    if (family === AF_INET) this.#halfOpenDestinations.add(0, 0, destinationPort, destination);
  }

  #countTranslation(entry: ConnectionEntry, side: Side): void {
    const { status, original, reply } = entry;
    const isSource = (status & STATUS.sourceNat) !== 0;
    const isDestination = (status & STATUS.destinationNat) !== 0;
    if (isDestination) this.#destination++;
    if (isSource) {
      this.#source++;
      this.#ports.count(entry);
      if (reply.family === AF_INET) this.#countPublic(entry);
    } else if (isDestination) {
      if ((status & STATUS.seenReply) === 0) this.#unansweredForwards.offer(() => flowSignal(entry, this.#now));
    } else if (original.family === AF_INET) this.#countUntranslated(entry);
    side.tuple = original;
  }

  #countPublic(entry: ConnectionEntry): void {
    const { status, original, reply } = entry;
    this.#publicAddresses.add(0, 0, 0, reply.destination);
    if ((status & STATUS.seenReply) === 0) this.#unanswered.add(0, 0, 0, reply.destination);
    if (!this.#services.has(original.protocol, reply.destination, reply.destinationPort)) return;
    this.#shadows.add(0, reply.destination, original.protocol, reply.destinationPort);
    this.#shadowed.offer(() => flowSignal(entry, this.#now));
  }

  #countUntranslated(entry: ConnectionEntry): void {
    const { protocol, source, destination, destinationPort } = entry.original;
    if (this.#own.has(source)) return;
    if (this.#services.isForwarded(protocol, destination, destinationPort)) {
      this.#unforwarded.offer(() => flowSignal(entry, this.#now));
    } else if (!this.#own.has(destination)) this.#untranslated.offer(() => flowSignal(entry, this.#now));
  }

  #countHelper(entry: ConnectionEntry): void {
    const { original, status } = entry;
    const helper = (status & STATUS.helper) === 0 && entry.helper() === 0 ? undefined : helperName(entry);
    if (helper !== undefined) {
      this.#helpers.set(helper, (this.#helpers.get(helper) ?? 0) + 1);
      return;
    }
    const port = (original.protocol << 16) | original.destinationPort;
    const isTranslated = (status & (STATUS.sourceNat | STATUS.destinationNat)) !== 0;
    if (!isTranslated || !HELPER_PORTS.has(port)) return;
    // A TFTP server answers from another port: to connection tracking that is no answer.
    if ((status & STATUS.seenReply) === 0 && port !== TFTP) return;
    this.#helperPorts.add(0, 0, original.protocol, original.destinationPort);
    this.#withoutHelper.offer(() => flowSignal(entry, this.#now));
  }

  /** Beyond the handshake without an answer: picked up in the middle. Or many packets and no answer: it goes another way. */
  #isOneWay(entry: ConnectionEntry, state: number): boolean {
    if ((entry.status & STATUS.seenReply) !== 0) return false;
    if (entry.original.protocol === TCP && ANSWERED.has(state)) return true;
    const packets = entry.nested(CTA_COUNTERS_ORIG, CTA_COUNTERS_PACKETS, 8);
    if (packets === 0 || entry.buffer.u64(packets) < ONE_WAY_PACKETS) return false;
    const answers = entry.nested(CTA_COUNTERS_REPLY, CTA_COUNTERS_PACKETS, 8);
    return answers !== 0 && entry.buffer.u64(answers) === 0;
  }

  #stateSignals(): StateSignal[] {
    return [...this.#states.values()]
      .map(({ known, idle, ...state }) => ({ ...state, ...(known ? { idle } : {}) }))
      .toSorted((a, b) => b.count - a.count);
  }
}

function groups(tally: KeyTally, text: (row: Tallied) => string): GroupSignal[] {
  return tally.top(ROWS).map((row) => ({ key: text(row), count: row.count }));
}

function addressText({ key }: Tallied): string {
  return addressOfKey(key) ?? "-";
}

function portUseSignal(use: PortUse): TableSignal["portUse"][number] {
  return {
    ...use,
    address: formatIpv4(use.address),
    destination: formatIpv4(use.destination),
    subscribers: use.subscribers.map(({ address, connections }) => ({ key: formatIpv4(address), count: connections })),
  };
}
