import { formatIpv4 } from "../../address/ipv4.ts";
import type { DraftGateway } from "../draft.ts";
import { quote } from "../fault.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import { nearest } from "../nearest.ts";
import type { FilePath } from "../problem.ts";
import { MOST_UPLINKS, type UplinkHealth } from "../uplink.ts";

/** Uplinks that are no link, lead nowhere, or cannot be watched as the file says. */
export function* uplinkProblems(draft: DraftGateway): Generator<FileProblem> {
  const seen = new Set<string>();
  const known = draft.linkNames;
  for (const [index, { path, value: uplink }] of draft.uplinks.entries()) {
    const at = [...path, "link"];
    const link = draft.links.find(({ value }) => value.name === uplink.link)?.value;
    if (known !== undefined && !known.includes(uplink.link)) {
      const near = nearest(uplink.link, known);
      const fix = near === undefined ? "write a link that is in links, with its gateway" : `write ${near}`;
      yield fileProblem("unknown-link", at, `no link is named ${quote(uplink.link)}`, fix);
    } else if (link !== undefined && link.gateway === undefined) {
      const message = `the link ${uplink.link} has no gateway, so nothing can leave by it to the internet`;
      yield fileProblem("uplink-without-gateway", at, message, `write gateway: at links.${uplink.link}`);
    }
    if (seen.has(uplink.link)) {
      const message = `the link ${uplink.link} is an uplink already`;
      yield fileProblem("duplicate-uplink", at, message, "write each link once");
    }
    seen.add(uplink.link);
    if (index === MOST_UPLINKS) {
      const message = `there are more than ${MOST_UPLINKS} uplinks, and no more can be told apart`;
      yield fileProblem("too-many-uplinks", path, message, `keep ${MOST_UPLINKS} of them`);
    }
    yield* healthProblems([...path, "health"], uplink.health);
  }
}

function* healthProblems(path: FilePath, { interval, downAfter, probes }: UplinkHealth): Generator<FileProblem> {
  if (downAfter < 2 * interval) {
    const message = `down-after, ${seconds(downAfter)}, leaves no room for a second question every ${seconds(interval)}: one lost packet would count as a failure`;
    const fix = `write down-after: ${seconds(2 * interval)} or more, or a shorter interval`;
    yield fileProblem("uplink-hasty", [...path, "down-after"], message, fix);
  }
  const asked = new Set<string>();
  for (const [index, { address, port }] of probes.entries()) {
    const text = `${formatIpv4(address)} ${port ?? ""}`;
    if (asked.has(text)) {
      const message = `${formatIpv4(address)} is asked already`;
      yield fileProblem("duplicate-address", [...path, "probe", index], message, "write each once");
    }
    asked.add(text);
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}
