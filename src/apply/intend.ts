import type { DesiredState } from "../render/desired-state.ts";
import { parseRulesetComment } from "../render/fingerprint.ts";
import { commentText } from "../render/name.ts";
import { changesTowards, type Intention } from "./changes-towards.ts";
import { stepsOf, type FoundJournal } from "./journal.ts";
import type { Live } from "./live.ts";
import { problemOf, type Notice, type TowardsOptions } from "./remark.ts";
import type { Situation } from "./situation.ts";

/** Works out the changes and has nft check the script, which changes nothing. */
export function intend(live: Live, situation: Situation, desired: DesiredState, options: TowardsOptions): Intention {
  const intention = changesTowards(situation.state, situation.owned, desired, options);
  const notices = [...intention.notices, ...situationNotices(live, situation, desired, intention)];
  const problems = [...intention.problems];
  // With problems already there its answer would be about a state that is not going to be.
  if (intention.script !== "" && problems.length === 0) {
    try {
      live.checkNft(intention.script);
    } catch (error) {
      problems.push(problemOf(error));
    }
  }
  return { ...intention, notices, problems };
}

function situationNotices(
  live: Live,
  situation: Situation,
  { gateway }: DesiredState,
  { changes }: Intention,
): Notice[] {
  const { interrupted, state } = situation;
  const notices: Notice[] = [];
  if (interrupted !== undefined) {
    notices.push({
      code: "interrupted-repaired",
      message: interruptionText(interrupted),
      fix: "nothing: this apply starts from what it left",
    });
  }
  if (state.table.kind === "unrecorded" && !isLoadedAtBoot(live, situation, gateway, changes)) {
    notices.push({
      code: "record-missing",
      message:
        "there is a table meganat and no record of it: addresses, routes and sysctls of an earlier apply are not known and count as not ours",
      fix: "nothing, if they are as they should be",
    });
  }
  return notices;
}

/**
 * Rules of this very gateway are all there is of it, and nothing was applied since boot: nft alone has loaded them, before
 * the network came up. What an apply had done would still be there.
 */
function isLoadedAtBoot(live: Live, { isFirst }: Situation, gateway: string, changes: Intention["changes"]): boolean {
  if (!isFirst || changes.every(({ kind }) => kind === "ruleset")) return false;
  return parseRulesetComment(live.tableComment() ?? "")?.gateway === commentText(gateway, 96);
}

/** An interrupted task in words. */
export function interruptionText({ journal, done }: FoundJournal): string {
  const { task, gateway, pid, startedAt } = journal;
  const steps = stepsOf(journal.changes).length;
  return `${task === "apply" ? "an apply" : "a remove"} of ${gateway} was interrupted after step ${done} of ${steps} (process ${pid}, begun ${startedAt})`;
}
