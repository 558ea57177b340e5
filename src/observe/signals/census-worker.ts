import { parentPort, workerData } from "node:worker_threads";
import { packFailure } from "../../kernel/thread-failure.ts";
import { takeCensus, type CensusAnswer, type CensusJob } from "./take-census.ts";

parentPort?.postMessage(answer(workerData as CensusJob), []);

function answer(job: CensusJob): CensusAnswer {
  try {
    return { table: takeCensus(job) };
  } catch (error) {
    return { failure: packFailure(error) };
  }
}
