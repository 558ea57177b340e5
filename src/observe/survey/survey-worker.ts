import { parentPort } from "node:worker_threads";
import { threadSetup } from "../../kernel/thread.ts";
import type { SurveyOrder, SurveySetup } from "./survey-order.ts";
import { Surveyor } from "./surveyor.ts";

const surveyor = new Surveyor(threadSetup() as SurveySetup);
parentPort?.on("message", (order: SurveyOrder) => parentPort?.postMessage(surveyor.answer(order), []));
