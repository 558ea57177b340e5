import { parentPort, workerData } from "node:worker_threads";
import type { SurveyOrder, SurveySetup } from "./survey-order.ts";
import { Surveyor } from "./surveyor.ts";

const surveyor = new Surveyor(workerData as SurveySetup);
parentPort?.on("message", (order: SurveyOrder) => parentPort?.postMessage(surveyor.answer(order), []));
