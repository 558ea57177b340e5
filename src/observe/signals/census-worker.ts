import { parentPort } from "node:worker_threads";
import { packFailure } from "../../kernel/thread-failure.ts";
import { threadSetup } from "../../kernel/thread.ts";
import { takeCensus, type CensusAnswer, type CensusJob } from "./take-census.ts";

parentPort?.postMessage(answer(threadSetup() as CensusJob), []);

function answer(job: CensusJob): CensusAnswer {
  try {
    return { table: takeCensus(job) };
  } catch (error) {
    return { failure: packFailure(error) };
  }
}
