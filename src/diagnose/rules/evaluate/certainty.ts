/** An answer about a packet of which not everything is known. */
export type Certainty = "yes" | "no" | "perhaps";

/** Yes becomes no. */
export function not(answer: Certainty): Certainty {
  return answer === "perhaps" ? answer : answer === "yes" ? "no" : "yes";
}

/** No if any is no, perhaps if any is perhaps. */
export function all(answers: Iterable<Certainty>): Certainty {
  let result: Certainty = "yes";
  for (const answer of answers) {
    if (answer === "no") return "no";
    if (answer === "perhaps") result = "perhaps";
  }
  return result;
}

/** Yes if any is yes, perhaps if any is perhaps. */
export function any(answers: Iterable<Certainty>): Certainty {
  let result: Certainty = "no";
  for (const answer of answers) {
    if (answer === "yes") return "yes";
    if (answer === "perhaps") result = "perhaps";
  }
  return result;
}
