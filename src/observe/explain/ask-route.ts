import { constants } from "node:os";
import { isIPv4 } from "node:net";
import type { Refusal, RouteQuestion, RouteReply } from "../../diagnose/explain/way.ts";
import { lookUpRoute, routeText } from "../../diagnose/look-up-route.ts";
import type { Signals } from "../../diagnose/signals.ts";
import { KernelError } from "../../kernel/error.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { lookUpKernelRoute, type FoundRoute } from "../../kernel/route/look-up.ts";

const { EXDEV, EACCES, EINVAL, ENODEV, EHOSTUNREACH, ENETUNREACH } = constants.errno;
/** Tables that every host has; a rule that leads elsewhere is worth telling. */
const USUAL_TABLES: ReadonlySet<number> = new Set([253, 254, 255]);

/** Asks the kernel itself, and names the route out of what was read. */
export function routeAsker(namespace: NamespaceName, signals: Signals): (question: RouteQuestion) => RouteReply {
  return (question) => {
    const { source, ...rest } = question;
    if (!isIPv4(question.destination)) return { kind: "unknown" };
    try {
      const found = lookUpKernelRoute(namespace, { ...rest, ...(isIPv4(source) ? { source } : {}) });
      return leading(found, question, signals);
    } catch (error) {
      if (error instanceof KernelError && error.errno !== 0) return refusal(error.errno, question, signals);
      throw error;
    }
  };
}

function leading(found: FoundRoute, question: RouteQuestion, { network }: Signals): RouteReply {
  const { type, interface: name = "lo", via, mtu } = found;
  const isLocal = type === "local" || type === "broadcast" || type === "multicast" || type === "anycast";
  const named = lookUpRoute(network, question);
  // Marks and several next hops are the kernel's to know: a route that leads elsewhere is not the one.
  const isSame = named?.route?.table === found.table && (isLocal || named.route.interface === name);
  const text = isSame && named?.route !== undefined ? routeText(named.route) : undefined;
  const rule = isSame && named?.rule !== undefined && !USUAL_TABLES.has(named.rule.table) ? named.rule : undefined;
  return {
    kind: isLocal ? "local" : "leaves",
    interface: name,
    ...(via === undefined ? {} : { via }),
    ...(text === undefined ? (isSame ? {} : tableText(found.table)) : { route: text }),
    ...(rule === undefined ? {} : { rule: `${rule.priority}: ${rule.text}` }),
    ...(mtu === undefined || mtu === 0 ? {} : { mtu }),
  };
}

function tableText(table: number): { route?: string } {
  return USUAL_TABLES.has(table) ? {} : { route: `a route of table ${table}` };
}

function refusal(errno: number, question: RouteQuestion, signals: Signals): RouteReply {
  const { destination, source, incoming } = question;
  const refused = (why: Refusal, detail: string): RouteReply => ({ kind: "refused", why, detail });
  const named = lookUpRoute(signals.network, question);
  const how = named?.route?.type ?? named?.rule?.action;
  const who =
    named?.route === undefined
      ? `rule ${named?.rule?.priority ?? ""}: ${named?.rule?.text ?? ""}`
      : routeText(named.route);
  if (errno === EXDEV) return reversePath(question, signals);
  if (errno === EACCES) return refused("prohibit", `packets to ${destination} are prohibited (${who})`);
  if (errno === ENODEV) return refused("no-interface", `there is no interface ${incoming ?? "for it"}`);
  if (errno === EINVAL && how === "blackhole") {
    return refused("blackhole", `packets to ${destination} are thrown away without a word (${who})`);
  }
  if (errno === EINVAL) {
    // Before Linux 6.6 the reverse path filter answered so too.
    const filter = incoming === undefined ? "0" : strictness(incoming, signals);
    if (filter !== "0" && !leadsBack(question, signals)) return reversePath(question, signals);
    return refused(
      "martian",
      `the addresses cannot be: nothing may come from ${source} to ${destination}${incoming === undefined ? "" : ` by ${incoming}`} (a martian)`,
    );
  }
  if (errno === EHOSTUNREACH || errno === ENETUNREACH) {
    if (how === "unreachable") return refused("unreachable", `${destination} is set unreachable (${who})`);
    const off = incoming === undefined ? undefined : forwardingOff(incoming, signals);
    if (off !== undefined && named?.route !== undefined) {
      return refused("forwarding-off", `this host does not forward what comes in by ${incoming} (${off} = 0)`);
    }
    return refused("no-route", `there is no route to ${destination}`);
  }
  return refused("no-route", `the kernel refuses to route it to ${destination} (error ${errno})`);
}

function reversePath(question: RouteQuestion, signals: Signals): RouteReply {
  const { source, incoming = "?" } = question;
  const back = lookUpRoute(signals.network, { destination: source })?.route;
  const leads =
    back === undefined ? `no route leads back to ${source}` : `the way back to ${source} is ${routeText(back)}`;
  return {
    kind: "refused",
    why: "rp-filter",
    detail: `the reverse path filter drops it: it comes in by ${incoming}, and ${leads} (rp_filter of ${incoming} is ${strictness(incoming, signals)})`,
  };
}

function leadsBack({ source, incoming }: RouteQuestion, { network }: Signals): boolean {
  return lookUpRoute(network, { destination: source })?.route?.interface === incoming;
}

/** The stricter of the interface's and that of all. */
function strictness(incoming: string, { settings }: Signals): string {
  const values = ["all", incoming.replaceAll(".", "/")].map((name) =>
    Number(settings[`net.ipv4.conf.${name}.rp_filter`] ?? 0),
  );
  return String(Math.max(...values));
}

function forwardingOff(incoming: string, { settings }: Signals): string | undefined {
  return [`net.ipv4.conf.${incoming.replaceAll(".", "/")}.forwarding`, "net.ipv4.ip_forward"].find(
    (name) => settings[name] === "0",
  );
}
