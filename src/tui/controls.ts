import { SUBSCRIBER_ORDERS, type SubscriberOrder } from "../observe/survey/survey.ts";
import type { Key } from "./keys.ts";

/** What the keys have set. */
export interface Controls {
  readonly paused: boolean;
  readonly help: boolean;
  readonly order: SubscriberOrder;
  readonly filter: string;
  /** The filter as it was before somebody began to type; undefined: nobody types. */
  readonly filterBefore: string | undefined;
  /** The subscriber the cursor is on; undefined: the first. */
  readonly selected: string | undefined;
  /** The subscriber looked into. */
  readonly subscriber: string | undefined;
  /** Lines scrolled down in its connections. */
  readonly scroll: number;
}

/** What the keys act on. */
export interface Surface {
  /** Subscribers in the list, as ordered. */
  readonly subscribers: readonly string[];
  /** Connections in the list of the one looked into. */
  readonly connections: number;
  /** Lines of either list that fit. */
  readonly page: number;
}

/** What somebody wants that the controls cannot do. */
export type Wish = "quit" | "suspend" | "redraw";

/** As it begins. */
export const FIRST_CONTROLS: Controls = {
  paused: false,
  help: false,
  order: "connections",
  filter: "",
  filterBefore: undefined,
  selected: undefined,
  subscriber: undefined,
  scroll: 0,
};

/** Of an address of either family. */
const FILTER_CHARACTER = /^[0-9a-fA-F.:]$/;
const LONGEST_FILTER = 39;

/** The controls after a key, or a wish. Keys that mean nothing here change nothing. */
export function press(controls: Controls, key: Key, surface: Surface): Controls | Wish {
  if (key === "ctrl-c") return "quit";
  if (key === "ctrl-z") return "suspend";
  if (key === "ctrl-l") return "redraw";
  if (controls.filterBefore !== undefined) return typed(controls, controls.filterBefore, key);
  if (controls.help) return key === "q" ? "quit" : { ...controls, help: false };
  const moved = move(key, surface.page);
  if (moved !== undefined) return moveBy(controls, moved, surface);
  switch (key) {
    case "q":
      return "quit";
    case "?":
    case "h":
      return { ...controls, help: true };
    case "p":
    case " ":
      return { ...controls, paused: !controls.paused };
    case "s":
      return { ...controls, order: nextOrder(controls.order), selected: undefined };
    case "/":
      return { ...controls, filterBefore: controls.filter, subscriber: undefined };
    case "enter":
    case "right":
      return lookInto(controls, surface);
    case "escape":
    case "left":
    case "backspace":
      return back(controls);
    default:
      return controls;
  }
}

function typed(controls: Controls, before: string, key: Key): Controls {
  const { filter } = controls;
  const edited = (text: string): Controls => ({ ...controls, filter: text, selected: undefined });
  if (key === "enter") return { ...controls, filterBefore: undefined };
  if (key === "escape") return { ...edited(before), filterBefore: undefined };
  if (key === "backspace") return edited(filter.slice(0, -1));
  if (key === "ctrl-u") return edited("");
  return FILTER_CHARACTER.test(key) && filter.length < LONGEST_FILTER ? edited(filter + key.toLowerCase()) : controls;
}

/** Lines down, or up if negative. */
function move(key: Key, page: number): number | undefined {
  switch (key) {
    case "up":
    case "k":
      return -1;
    case "down":
    case "j":
      return 1;
    case "page-up":
      return -Math.max(1, page);
    case "page-down":
      return Math.max(1, page);
    case "home":
      return Number.NEGATIVE_INFINITY;
    case "end":
      return Number.POSITIVE_INFINITY;
    default:
      return undefined;
  }
}

function moveBy(controls: Controls, lines: number, { subscribers, connections, page }: Surface): Controls {
  if (controls.subscriber !== undefined) {
    return { ...controls, scroll: between(controls.scroll + lines, connections - page) };
  }
  const index = between(indexOf(controls, subscribers) + lines, subscribers.length - 1);
  return { ...controls, selected: subscribers[index] };
}

function between(wanted: number, last: number): number {
  return Math.max(0, Math.min(wanted, last));
}

/** Which line of the list the cursor is on; the first if what it was on has gone. */
export function indexOf({ selected }: Pick<Controls, "selected">, subscribers: readonly string[]): number {
  return selected === undefined ? 0 : Math.max(0, subscribers.indexOf(selected));
}

function lookInto(controls: Controls, { subscribers }: Surface): Controls {
  if (controls.subscriber !== undefined) return controls;
  const subscriber = subscribers[indexOf(controls, subscribers)];
  return { ...controls, subscriber, selected: subscriber, scroll: 0 };
}

/** One step at a time: out of the subscriber, then away with the filter. */
function back(controls: Controls): Controls {
  if (controls.subscriber !== undefined) return { ...controls, subscriber: undefined, scroll: 0 };
  return { ...controls, filter: "", selected: undefined };
}

function nextOrder(order: SubscriberOrder): SubscriberOrder {
  return SUBSCRIBER_ORDERS[(SUBSCRIBER_ORDERS.indexOf(order) + 1) % SUBSCRIBER_ORDERS.length] ?? order;
}
