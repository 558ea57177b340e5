import { parseIpv4, type Ipv4 } from "../address/ipv4.ts";
import { parsePort } from "../address/port-range.ts";
import { CommandError } from "./failure.ts";

/** What to look up: ADDRESS[:PORT[/PROTO]]. */
export interface LookupTarget {
  readonly address: Ipv4;
  readonly port?: number;
  readonly protocol?: string;
}

const FORM = /^([^:/]+)(?::([^:/]+)(?:\/([a-z]+))?)?$/;

/** Reads the target of a lookup; throws a CommandError if it is none. */
export function parseLookupTarget(text: string): LookupTarget {
  const [, first, second, protocol] = FORM.exec(text) ?? [];
  const address = first === undefined ? undefined : parseIpv4(first);
  if (address === undefined) throw noTarget(text);
  if (second === undefined) return { address };
  const port = parsePort(second);
  if (port === undefined) throw noTarget(text);
  return { address, port, ...(protocol === undefined ? {} : { protocol }) };
}

function noTarget(text: string): CommandError {
  return new CommandError(
    {
      code: "usage",
      message: `${JSON.stringify(text)} is no address to look up`,
      remedy: "write ADDRESS, ADDRESS:PORT or ADDRESS:PORT/PROTOCOL, as in 61.138.177.3:34567/tcp",
    },
    2,
  );
}
