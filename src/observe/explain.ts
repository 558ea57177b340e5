import { constants } from "node:os";
import { explain, journeyOf, type Journey, type JourneyFacts } from "../diagnose/explain/explain.ts";
import type { Explanation } from "../diagnose/explain/explanation.ts";
import type { Begin } from "../diagnose/explain/paths.ts";
import type { Ground } from "../diagnose/explain/way.ts";
import type { Finding } from "../diagnose/finding.ts";
import { addressTypes, type Surroundings } from "../diagnose/rules/packet.ts";
import type { Signals } from "../diagnose/signals.ts";
import type { FlowSignal, FlowTuple } from "../diagnose/signals/table.ts";
import { KernelError } from "../kernel/error.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listNeighbours } from "../kernel/route/neighbour.ts";
import { lookUpElement } from "../kernel/ruleset/look-up-element.ts";
import { examine } from "./doctor.ts";
import { findConnection } from "./explain/find-connection.ts";
import { routeAsker } from "./explain/ask-route.ts";
import { readUseTowards } from "./explain/use-towards.ts";

/** What is to be looked at before anything is explained. */
export interface ExplainerOptions {
  readonly namespace?: NamespaceName;
  /** How long the doctor watches. */
  readonly seconds: number;
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal;
}

/** Which connection to explain. */
export interface ExplainTarget {
  readonly protocol: number;
  /** As asked: of either direction, before or after translation. */
  readonly tuple: FlowTuple;
  /** The interface it comes in by; default: by the route to its source. */
  readonly incoming?: string;
  /** What a new one would meet, even if there is one. */
  readonly asNew?: boolean;
}

/** Explains connections of a namespace as it was when it was looked at; what changes quickly is read for each. */
export interface Explainer {
  readonly signals: Signals;
  /** The entry that a tuple of either direction and either side of a translation belongs to. */
  find(protocol: number, tuple: FlowTuple): FlowSignal | undefined;
  explain(target: ExplainTarget): Explanation;
  /** The same before it is put into words. */
  follow(target: ExplainTarget): { readonly facts: JourneyFacts; readonly journey: Journey };
}

/** Looks at the namespace as the doctor does. Changes nothing. */
export async function openExplainer(options: ExplainerOptions): Promise<Explainer> {
  const { namespace, seconds, onStep, signal } = options;
  const { report, signals } = await examine({
    seconds,
    ...(namespace === undefined ? {} : { namespace }),
    ...(onStep === undefined ? {} : { onStep }),
    ...(signal === undefined ? {} : { signal }),
  });
  return explainerOf(namespace, signals, report.findings);
}

/** The same from signals that are there already. */
export function explainerOf(namespace: NamespaceName, signals: Signals, findings: readonly Finding[]): Explainer {
  const ground: Ground = {
    ...(signals.rules === undefined ? {} : { rules: signals.rules }),
    surroundings: surroundingsOf(namespace, signals),
    route: routeAsker(namespace, signals),
  };
  const neighbours = new Map(
    listNeighbours(namespace).map(({ interface: name, address, state }) => [`${name} ${address}`, state]),
  );
  const follow: Explainer["follow"] = ({ protocol, tuple, incoming, asNew }) => {
    const found = asNew === true ? undefined : findConnection(namespace, protocol, tuple);
    const whole = found?.original ?? tuple;
    const facts: JourneyFacts = {
      protocol,
      tuple: whole,
      ...(found === undefined ? {} : { flow: found }),
      begin: beginOf(ground, whole.source, incoming),
      signals,
      ground,
      neighbour: (name, address) => neighbours.get(`${name} ${address}`),
    };
    return { facts, journey: journeyOf(facts) };
  };
  return {
    signals,
    find: (protocol, tuple) => findConnection(namespace, protocol, tuple),
    follow,
    explain: (target) => {
      const { facts, journey } = follow(target);
      const use =
        facts.flow === undefined
          ? readUseTowards(namespace, signals, facts.protocol, facts.tuple.source, journey.first.after)
          : undefined;
      return explain(facts, journey, {
        findings,
        portUse: use?.portUse ?? [],
        ...(use === undefined ? {} : { connectionsOfSource: use.connectionsOfSource }),
      });
    },
  };
}

/** Where its packets come from: the host itself, or the interface by which its address is reached. */
function beginOf(ground: Ground, source: string, incoming: string | undefined): Begin {
  if (incoming !== undefined) return { origin: "network", incoming };
  const reply = ground.route({ source: "", destination: source });
  if (reply.kind === "local") return { origin: "host" };
  return { origin: "network", ...(reply.kind === "leaves" ? { incoming: reply.interface } : {}) };
}

function surroundingsOf(namespace: NamespaceName, { network }: Signals): Surroundings {
  const broadcasts = network.routes.flatMap(({ type, destination }) =>
    type === "broadcast" ? [destination.replace(/\/32$/, "")] : [],
  );
  const local = network.routes.flatMap(({ type, destination }) =>
    type === "local" && destination.endsWith("/32") ? [destination.slice(0, -3)] : [],
  );
  return {
    addressType: addressTypes([...network.addresses.map(({ address }) => address), ...local], broadcasts),
    element: (set, key) => {
      try {
        return lookUpElement(namespace, set, key);
      } catch (error) {
        // A key nft does not take, a set gone since: then it is not known.
        if (error instanceof KernelError && error.errno !== constants.errno.EPERM) return undefined;
        throw error;
      }
    },
  };
}
