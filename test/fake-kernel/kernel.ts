import { KernelError, type KernelErrorCode } from "../../src/kernel/error.ts";
import { sameSetting } from "../../src/apply/record.ts";
import { QUEUE_HANDLE } from "../../src/render/limits/shaping.ts";
import type { AddressHolder, Live, LiveLink, LiveQueue, LiveRoute, Session } from "../../src/apply/live.ts";
import type {
  AddressSetting,
  BondOptionSettings,
  DeviceSetting,
  PolicyRuleSetting,
  ProxyNeighbourSetting,
  RouteSetting,
  TrafficClass,
} from "../../src/render/desired-state.ts";
import { copyPlain } from "./plain-data.ts";
import { printTable, runScript, tableObjects, type FakeTable } from "./nft.ts";

/** Everything a test can set and compare; plain data. */
export interface FakeState {
  table?: FakeTable;
  generation: number;
  /** Chains of others, as `nft -j` has them. */
  otherChains: Record<string, unknown>[];
  sysctls: Record<string, string>;
  links: LiveLink[];
  addresses: AddressSetting[];
  routes: LiveRoute[];
  policyRules: PolicyRuleSetting[];
  /** Preferred tables of uplinks that are out of use. */
  withdrawn: number[];
  proxyNeighbours: ProxyNeighbourSetting[];
  queues: FakeQueue[];
}

/** A queue somebody put at an interface; what the kernel itself puts there is not among them. */
export interface FakeQueue extends LiveQueue {
  classes: TrafficClass[];
}

/** What a bond is that was told nothing. */
const BOND_DEFAULTS = {
  mode: "balance-rr",
  miimon: 0,
  updelay: 0,
  downdelay: 0,
  xmitHashPolicy: "layer2",
  lacpRate: "slow",
  minLinks: 0,
  primary: "",
} as const;

/** A kernel in memory with the manners apply relies on, and some it has to cope with. */
export class FakeKernel implements Live {
  state: FakeState;
  cookie = "cookie:1";
  host = true;
  readonly readOnly = new Set<string>();
  /** What the kernel makes of a value. */
  readonly clamps = new Map<string, (value: string) => string>();
  /** Mutating calls made so far. */
  calls = 0;
  /** The mutating call, counted from 1, that fails. */
  failCall = 0;
  /** Set: nft cannot be run. */
  nftMissing = false;

  constructor(state: Partial<FakeState> = {}) {
    this.state = copyPlain({
      generation: 1,
      otherChains: [],
      sysctls: {},
      links: [{ name: "lo", up: true, mtu: 65536, carrier: true }],
      addresses: [],
      routes: [],
      policyRules: [],
      withdrawn: [],
      proxyNeighbours: [],
      queues: [],
      ...state,
    });
  }

  /** The state without what only counts up, in an order of its own. */
  comparable(): Omit<FakeState, "generation"> {
    const { generation: _, ...state } = copyPlain(this.state);
    const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    const { links, addresses, routes, policyRules, withdrawn, proxyNeighbours, queues } = state;
    for (const { classes } of queues) classes.sort(byText);
    for (const list of [links, addresses, routes, policyRules, withdrawn, proxyNeighbours, queues]) list.sort(byText);
    state.table?.counters.sort();
    return state;
  }

  identity(): { boot: string; namespace: string } {
    return { boot: "boot-1", namespace: this.cookie };
  }
  isHost(): boolean {
    return this.host;
  }

  generation(): number {
    return this.state.generation;
  }
  tableComment(): string | undefined {
    return this.state.table?.comment;
  }
  listTable(terse: boolean): Record<string, unknown>[] | undefined {
    this.#needNft();
    return this.state.table === undefined ? undefined : tableObjects(this.state.table, terse);
  }
  tableText(): string {
    this.#needNft();
    return this.state.table === undefined ? "" : printTable(this.state.table);
  }
  listRuleset(): Record<string, unknown>[] {
    this.#needNft();
    return [...this.state.otherChains, ...(this.listTable(true) ?? [])];
  }
  checkNft(script: string): void {
    this.#needNft();
    runScript(this.state.table, script);
  }
  runNft(script: string): void {
    this.#mutate();
    this.#needNft();
    const table = runScript(this.state.table, script);
    if (table === undefined) delete this.state.table;
    else this.state.table = table;
    this.state.generation += 1;
  }

  /** Sysctls that come with the connection tracker. */
  conntrackSysctls: Record<string, string> = {};
  loadConntrack(): void {
    Object.assign(this.state.sysctls, this.conntrackSysctls);
  }
  readSysctl(name: string): string | undefined {
    return this.state.sysctls[name];
  }
  isSysctlWritable(name: string): boolean {
    return !this.readOnly.has(name);
  }
  writeSysctl(name: string, value: string): void {
    this.#mutate();
    if (this.state.sysctls[name] === undefined) refuse("kernel-not-found");
    if (this.readOnly.has(name)) refuse("kernel-read-only");
    const made = this.clamps.get(name)?.(value) ?? value;
    const changed = this.state.sysctls[name] !== made;
    this.state.sysctls[name] = made;
    if (name !== "net.ipv4.ip_forward" || !changed) return;
    for (const other of Object.keys(this.state.sysctls)) {
      if (/^net\.ipv4\.conf\..*\.forwarding$/.test(other)) this.state.sysctls[other] = made;
    }
    if (this.state.sysctls["net.ipv4.conf.all.accept_redirects"] !== undefined) {
      this.state.sysctls["net.ipv4.conf.all.accept_redirects"] = made === "0" ? "1" : "0";
    }
  }

  links(): LiveLink[] {
    return copyPlain(this.state.links);
  }
  setLinkUp(name: string, up: boolean): void {
    this.#mutate();
    if (!this.state.links.some((link) => link.name === name)) refuse("kernel-not-found");
    this.state.links = this.state.links.map((link) => (link.name === name ? { ...link, up } : link));
    if (!up) this.state.routes = this.state.routes.filter((route) => route.interface !== name);
  }
  /** Kinds of interfaces this kernel cannot make. */
  readonly lacks = new Set<"bond" | "vlan" | "htb">();
  canMake(kind: "bond" | "vlan" | "htb"): boolean {
    return !this.lacks.has(kind);
  }
  addDevice(setting: DeviceSetting): void {
    this.#mutate();
    const { interface: name, bond, vlan } = setting;
    if (this.state.links.some((link) => link.name === name)) refuse("kernel-exists");
    const kind = bond === undefined ? "vlan" : "bond";
    if (this.lacks.has(kind)) refuse("kernel-not-supported");
    if (vlan !== undefined) this.#needLink(vlan.on);
    const made = {
      ...(bond === undefined ? {} : { bond: { ...BOND_DEFAULTS, ...bond } }),
      ...(vlan === undefined ? {} : { vlan }),
    };
    this.state.links.push({ name, up: false, mtu: 1500, carrier: false, kind, ...made });
    this.state.sysctls[`net.ipv4.conf.${name}.forwarding`] =
      this.state.sysctls["net.ipv4.conf.default.forwarding"] ?? "0";
  }
  removeDevice(name: string): void {
    this.#mutate();
    this.#needLink(name);
    this.state.links = this.state.links
      .filter((link) => link.name !== name && link.vlan?.on !== name)
      .map((link) => (link.master === name ? this.#alone(link) : link));
    this.state.addresses = this.state.addresses.filter((address) => address.interface !== name);
    this.state.routes = this.state.routes.filter((route) => route.interface !== name);
    this.state.queues = this.state.queues.filter((queue) => queue.interface !== name);
    delete this.state.sysctls[`net.ipv4.conf.${name}.forwarding`];
  }
  setBond(name: string, options: BondOptionSettings): void {
    this.#mutate();
    const link = this.state.links.find((one) => one.name === name);
    if (link?.kind !== "bond") refuse("kernel-rejected");
    if (options.mode !== undefined && (link.up || this.state.links.some((one) => one.master === name))) {
      refuse("kernel-permission");
    }
    if (options.lacpRate !== undefined && link.up) refuse("kernel-permission");
    this.state.links = this.state.links.map((one) =>
      one === link ? { ...one, bond: { ...one.bond, ...options } } : one,
    );
  }
  setMaster(name: string, master: string | undefined): void {
    this.#mutate();
    this.#needLink(name);
    const link = this.state.links.find((one) => one.name === name);
    if (master !== undefined && link?.up === true) refuse("kernel-permission");
    if (master !== undefined) this.#needLink(master);
    this.state.links = this.state.links.map((one) =>
      one !== link ? one : master === undefined ? this.#alone(one) : { ...one, up: true, master },
    );
  }
  #alone(link: LiveLink): LiveLink {
    const alone: { -readonly [K in keyof LiveLink]: LiveLink[K] } = { ...link, up: false };
    delete alone.master;
    return alone;
  }
  connected: Session[] = [];
  sessions(): Session[] {
    return this.connected;
  }
  awaitCarrier(): string[] {
    return [];
  }
  /** Addresses that other machines have. */
  held: AddressHolder[] = [];
  addressHolders(settings: readonly AddressSetting[]): AddressHolder[] {
    return this.held.filter((one) => settings.some(({ address }) => address === one.address));
  }
  routesBy(device: string): LiveRoute[] {
    return copyPlain(this.state.routes.filter((route) => route.interface === device));
  }
  setLinkMtu(name: string, mtu: number): void {
    this.#mutate();
    this.#needLink(name);
    this.state.links = this.state.links.map((link) => (link.name === name ? { ...link, mtu } : link));
  }
  addresses(): AddressSetting[] {
    return copyPlain(this.state.addresses);
  }
  addAddress(setting: AddressSetting): void {
    this.#mutate();
    this.#needLink(setting.interface);
    add(this.state.addresses, setting);
  }
  removeAddress(setting: AddressSetting): void {
    this.#mutate();
    remove(this.state.addresses, setting);
  }
  routes(table: number): LiveRoute[] {
    return copyPlain(this.state.routes.filter((route) => route.table === table));
  }
  addRoute(setting: RouteSetting): void {
    this.#mutate();
    this.#needLink(setting.interface);
    if (!this.state.links.some(({ name, up }) => name === setting.interface && up)) refuse("kernel-rejected");
    const route = { ...setting, metric: setting.metric ?? 0 };
    const same = (other: LiveRoute): boolean =>
      other.destination === route.destination && other.table === route.table && other.metric === route.metric;
    if (this.state.routes.some(same)) refuse("kernel-exists");
    this.state.routes.push(route);
  }
  removeRoute(setting: RouteSetting): void {
    this.#mutate();
    remove(this.state.routes, { ...setting, metric: setting.metric ?? 0 });
  }
  policyRules(): PolicyRuleSetting[] {
    return copyPlain(this.state.policyRules);
  }
  addPolicyRule(setting: PolicyRuleSetting): void {
    this.#mutate();
    add(this.state.policyRules, setting);
  }
  removePolicyRule(setting: PolicyRuleSetting): void {
    this.#mutate();
    remove(this.state.policyRules, setting);
  }
  isWithdrawn(table: number): boolean {
    return this.state.withdrawn.includes(table);
  }
  withdrawUplink(table: number): void {
    this.#mutate();
    if (this.isWithdrawn(table)) refuse("kernel-exists");
    this.state.withdrawn.push(table);
  }
  restoreUplink(table: number): void {
    this.#mutate();
    if (!this.isWithdrawn(table)) refuse("kernel-not-found");
    this.state.withdrawn = this.state.withdrawn.filter((other) => other !== table);
  }
  proxyNeighbours(): ProxyNeighbourSetting[] {
    return copyPlain(this.state.proxyNeighbours);
  }
  addProxyNeighbour(setting: ProxyNeighbourSetting): void {
    this.#mutate();
    this.#needLink(setting.interface);
    add(this.state.proxyNeighbours, setting);
  }
  removeProxyNeighbour(setting: ProxyNeighbourSetting): void {
    this.#mutate();
    remove(this.state.proxyNeighbours, setting);
  }

  queues(): LiveQueue[] {
    return this.state.queues.map(({ interface: device, kind, handle }) => ({ interface: device, kind, handle }));
  }
  classes(device: string): TrafficClass[] {
    return copyPlain(this.#ourQueue(device)?.classes ?? []);
  }
  addShaping(device: string): void {
    this.#mutate();
    this.#needLink(device);
    if (this.state.queues.some((queue) => queue.interface === device)) refuse("kernel-exists");
    this.state.queues.push({ interface: device, kind: "htb", handle: QUEUE_HANDLE, classes: [] });
  }
  removeShaping(device: string): void {
    this.#mutate();
    const queue = this.#ourQueue(device) ?? refuse("kernel-not-found");
    this.state.queues = this.state.queues.filter((other) => other !== queue);
  }
  setClasses(device: string, numbers: ReadonlySet<number>, wanted: readonly TrafficClass[]): void {
    const queue = this.#ourQueue(device) ?? refuse("kernel-not-found");
    this.#mutate();
    queue.classes = queue.classes.filter(({ number }) => !numbers.has(number));
    for (const one of wanted) {
      // A call that fails half-way leaves the classes before it made.
      this.#mutate();
      const isMade = (number: number | undefined): boolean => queue.classes.some((other) => other.number === number);
      if (one.parent !== undefined && !isMade(one.parent)) refuse("kernel-not-found");
      if (isMade(one.number)) refuse("kernel-exists");
      queue.classes.push(copyPlain(one));
    }
    if (queue.classes.some(({ parent }) => parent !== undefined && !queue.classes.some((up) => up.number === parent))) {
      refuse("kernel-busy");
    }
  }
  #ourQueue(device: string): FakeQueue | undefined {
    return this.state.queues.find((queue) => queue.interface === device && queue.handle === QUEUE_HANDLE);
  }

  #mutate(): void {
    this.calls += 1;
    if (this.calls === this.failCall) refuse("kernel-no-memory");
  }
  #needNft(): void {
    if (this.nftMissing) refuse("program-missing");
  }
  #needLink(name: string): void {
    if (!this.state.links.some((link) => link.name === name)) refuse("kernel-not-found");
  }
}

function add<T extends object>(list: T[], entry: T): void {
  if (list.some((other) => sameSetting(other, entry))) refuse("kernel-exists");
  list.push(copyPlain(entry));
}

function remove<T extends object>(list: T[], entry: T): void {
  const index = list.findIndex((other) => sameSetting(other, entry));
  if (index < 0) refuse("kernel-not-found");
  list.splice(index, 1);
}

function refuse(code: KernelErrorCode): never {
  throw new KernelError(code, "refused by the fake kernel", { tried: "change the fake kernel", errno: 0, remedy: "-" });
}
