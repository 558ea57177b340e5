import { parseIpv4 } from "../../address/ipv4.ts";
import { dropsInvalid } from "../../diagnose/invalid-packets.ts";
import { isPrivate } from "../../diagnose/packet-place.ts";
import { natRules } from "../../diagnose/rules/nat-rules.ts";
import { deltaOf, type DroppedHeader, type LeakSignal, type Signals } from "../../diagnose/signals.ts";
import { lookupConnection } from "../../kernel/conntrack/lookup.ts";
import { capturePrivateSources } from "../../kernel/leaving-packets.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { headerFields } from "../drops/header-fields.ts";
import { tupleOf } from "../drops/packet.ts";

const ETH_P_IP = 0x0800;
const MILLISECONDS = 300;
/** Fewer INVALID packets a second are no reason to look. */
const WORTH_A_LOOK = 5;
/** A question to the kernel each. */
const MOST_HEADERS = 64;

/**
 * Looks whether packets leave untranslated, if there are INVALID ones, sources are translated, and no rule drops what is
 * INVALID: only then does it look at packets at all.
 */
export async function lookForLeak(namespace: NamespaceName, signals: Signals): Promise<LeakSignal | undefined> {
  const { network, rules } = signals;
  const outside = network.routes.find(
    ({ destination, table }) => destination === "0.0.0.0/0" && table === 254,
  )?.interface;
  const inside = network.addresses.find(
    (own) => own.interface !== outside && own.interface !== "lo" && isPrivate(own.address),
  );
  if (outside === undefined || inside === undefined || rules === undefined) return undefined;
  if (deltaOf(signals, "conntrack.invalid") < WORTH_A_LOOK * signals.seconds) return undefined;
  const translates = natRules(rules).some(({ translation }) => /snat|masquerade/.test(translation.kind));
  if (!translates || dropsInvalid(rules, inside.interface, outside, inside.address) === true) return undefined;
  const packets = await capturePrivateSources(namespace, outside, {
    milliseconds: MILLISECONDS,
    except: network.addresses.flatMap(({ address }) => parseIpv4(address) ?? []),
  });
  const headers: DroppedHeader[] = [];
  const looked = packets.slice(0, MOST_HEADERS);
  for (const bytes of looked) {
    const tuple = tupleOf(ETH_P_IP, bytes);
    // What is in the table leaves as it is because the rules say so.
    if (tuple === undefined || lookupConnection(namespace, tuple) !== undefined) continue;
    const length = bytes.readUInt16BE(2);
    headers.push({ cause: "", reason: "", location: "", interface: outside, length, ...tuple, ...headerFields(bytes) });
  }
  if (headers.length === 0) return undefined;
  const share = headers.length / looked.length;
  return { interface: outside, seconds: MILLISECONDS / 1000, packets: Math.round(packets.length * share), headers };
}
