import { formatAddress } from "../address.ts";
import type { Datatype, Member } from "../expression.ts";
import { readMapData } from "../nft/map-data.ts";
import type { Surroundings } from "../packet.ts";
import type { NamedSet } from "../ruleset.ts";
import type { Value } from "./value.ts";

/** Asks for one key of a set that was not read; undefined if the key is not wholly known, or nobody can be asked. */
export function askSet(set: NamedSet, value: Value, surroundings: Surroundings): Member[] | undefined {
  const parts = (value.kind === "tuple" ? value.of : [value]).map((part, index) =>
    keyWord(part, set.keyTypes[index] ?? "other"),
  );
  const key = parts.filter((part) => part !== undefined);
  if (surroundings.element === undefined || key.length < parts.length) return undefined;
  const answer = surroundings.element(set, key);
  if (answer === undefined) return undefined;
  if (!answer.present) return [];
  return [{ key: { kind: "any" }, ...(answer.data === undefined ? {} : readMapData(answer.data, set)) }];
}

/** The value in nft's words. */
function keyWord(value: Value, datatype: Datatype): string | undefined {
  if (value.kind === "name") return `"${value.name}"`;
  if (value.kind !== "number" || value.unknown !== 0n) return undefined;
  if (datatype !== "address") return String(value.bits);
  return formatAddress({ family: value.bits < 1n << 32n ? "ip" : "ip6", value: value.bits });
}
