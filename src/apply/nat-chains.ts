import { isObject } from "./nft-element.ts";
import type { Notice } from "./remark.ts";

/**
 * Names other people's NAT chains that run before ours at the same hook: a connection is translated once, so what they
 * take never reaches our rules. Docker and firewalld have such; mostly they take only their own.
 */
export function natChainsBeforeOurs(objects: readonly unknown[]): Notice[] {
  const chains = objects.flatMap((object) => {
    const chain = isObject(object) ? object["chain"] : undefined;
    return isObject(chain) && chain["type"] === "nat" ? [chain] : [];
  });
  const isOurs = (chain: Record<string, unknown>): boolean => chain["family"] === "ip" && chain["table"] === "meganat";
  return chains
    .filter((chain) => !isOurs(chain) && (chain["family"] === "ip" || chain["family"] === "inet"))
    .flatMap((chain): Notice[] => {
      const mine = chains.find((candidate) => isOurs(candidate) && candidate["hook"] === chain["hook"]);
      if (mine === undefined || Number(chain["prio"]) > Number(mine["prio"])) return [];
      const name = `${String(chain["family"])} ${String(chain["table"])} ${String(chain["name"])}`;
      return [
        {
          code: "nat-chain-before-ours",
          message: `chain ${name} (${String(chain["hook"])}, priority ${String(chain["prio"])}) may translate a connection before meganat's ${String(mine["name"])} sees it`,
          fix: `nothing if it takes only its own; look: nft list chain ${name}`,
        },
      ];
    });
}
