import type { InstallErrorCode } from "../../src/apply/boot/error.ts";
import type { DriftCode } from "../../src/apply/drift.ts";
import type { InstallNoteCode } from "../../src/cli/install-text.ts";
import type { NoticeCode } from "../../src/apply/remark.ts";
import type { BenchErrorCode } from "../../src/bench/error.ts";
import { PROBLEM_CODES } from "../../src/config/problem-codes.ts";
import type { KernelErrorCode } from "../../src/kernel/error.ts";
import type { LabErrorCode } from "../../src/lab/error.ts";
import { PLAN_PROBLEM_CODES } from "../../src/plan/problem-codes.ts";
import type { RemedyError } from "../../src/remedy/error.ts";

type Codes<CODE extends string> = Readonly<Record<CODE, string>>;

// Typed by the code unions of the rooms: a code without a sentence here does not compile.
const KERNEL: Codes<KernelErrorCode> = {
  "kernel-permission": "The kernel does not let this user do it.",
  "kernel-not-found": "What was named is not there: an interface, a namespace, a route, an entry.",
  "kernel-exists": "What was to be added is there already.",
  "kernel-busy": "Another program is at it, or the thing is in use.",
  "kernel-not-supported": "This kernel cannot do it; `meganat features` says what it lacks.",
  "kernel-rejected": "The kernel found the request wrong; its own words are in the message.",
  "kernel-read-only": "A kernel setting cannot be written here.",
  "kernel-no-memory": "The kernel has no memory or no room left for it.",
  "kernel-interrupted": "What was read changed meanwhile, or the read was broken off.",
  "kernel-malformed": "The kernel's answer has not the form it must have: a defect worth reporting.",
  "program-missing": "A program MegaNAT needs is not installed; `sh scripts/setup.sh` says how to get it.",
  "program-failed": "A program MegaNAT started ended with an error; its own words are in the message.",
};

const LAB: Codes<LabErrorCode> = {
  "drill-unknown": "There is no fault or healthy lab of that name.",
  "lab-unknown": "There is no lab of that name.",
  "lab-exists": "There is a lab of that name already.",
  "lab-id": "The text cannot be the name of a lab.",
  "lab-program-failed": "A program of the lab did not start or ended early.",
  "lab-left-over": "Part of a lab could not be taken down.",
  "lab-no-permission": "This user can make no network namespaces, not even in a user namespace.",
  "lab-not-applied": "The gateway file cannot be applied in its lab.",
  "limit-in-use": "A limit that the whole host shares is needed by another lab, and was not lowered.",
  "story-not-possible": "The story cannot be replayed here: something is missing, or others use the connection table.",
  "demo-needs-source-nat": "The gateway file translates no sources, so the demo has nothing to fill.",
  interrupted: "The command was interrupted, and has cleaned up.",
};

const BENCH: Codes<Exclude<BenchErrorCode, LabErrorCode>> = {
  "bench-not-possible": "The benchmark cannot be run here: something is missing.",
  "bench-not-valid": "What was measured is not what it should be, so no figure is given.",
};

const COMMAND = {
  usage: "The command line is wrong; exit status 2.",
  "file-unreadable": "The gateway file, or another file named, cannot be read.",
  "file-exists": "The file to write exists already.",
  "file-unwritable": "The file cannot be written.",
  "tune-devices": "An interface named to `meganat tune` is not here, or --undo was given with something else.",
  "signals-file": "The file is none that `meganat doctor --record` wrote.",
  "not-found": "`meganat lookup`: the address is none of this gateway's.",
  "not-built": "The program was not compiled yet: `npm run build`.",
  "node-too-old": "This Node.js is too old.",
  internal: "A defect of MegaNAT, worth reporting.",
};

const REMEDY: Codes<RemedyError["code"]> = {
  "fix-unknown": "The doctor does not find what is to be fixed, or no such fix is in force.",
  "fix-by-hand": "The fix would touch what others have set up: MegaNAT prints it and leaves it to you.",
  "fix-in-force": "The fix was carried out already.",
  "fix-refused": "The fix needs something that cannot be changed from here.",
};

const INSTALL: Codes<InstallErrorCode | InstallNoteCode> = {
  "init-unknown": "What starts services in the system is neither systemd nor OpenRC.",
  "install-foreign-file": "A file is in the way that `meganat install` has not written.",
  "install-not-root": "The file system does not let this user write there.",
  "install-busy": "Another install or uninstall is at work.",
  "install-failed": "The file system refused a file; what is half is finished by the next install.",
  "root-unusable": "The directory of the system is not there.",
  "program-not-there": "Node.js, meganat or nft is not where the files for boot look for it.",
  "conntrack-built-in":
    "Connection tracking is part of the kernel: its hash size must stand on the kernel's command line.",
  "networkd-configures-it": "systemd-networkd manages an interface of the gateway and would take addresses away.",
};

const DRIFT: Codes<DriftCode> = {
  "table-gone": "The table `ip meganat` is gone: nothing is translated.",
  "chain-changed": "A chain of the table was changed, added or deleted.",
  "set-changed": "A set or map of the table was declared anew, added or deleted.",
  "elements-changed": "Elements of a set or map are more or fewer.",
  "counter-changed": "A named counter was added or deleted.",
  "sysctl-changed": "A kernel setting has another value than the one applied.",
  "device-gone": "A bond or VLAN that apply made is gone.",
  "member-gone": "An interface that apply put into a bond is in it no more.",
  "bond-changed": "An option of a bond has another value than the one applied.",
  "mtu-changed": "An interface has another MTU than the one applied.",
  "address-gone": "An address that apply added is gone.",
  "route-gone": "A route that apply added is gone.",
  "policy-rule-gone": "A rule of policy routing that apply added is gone.",
  "proxy-neighbour-gone": "An address answered for by ARP is answered for no more.",
  "shaping-gone": "The queue that shapes what leaves by an interface is gone or was replaced.",
  "classes-changed": "Classes of a queue have other rates than those applied, or are more or fewer.",
  "link-down": "An interface that apply brought up is down.",
};

const NOTICES: Codes<NoticeCode> = {
  "host-sysctl-left-out": "A setting of the whole host was not touched from a namespace; `--host-wide` would.",
  "sysctl-missing": "This kernel does not have the setting.",
  "sysctl-clamped": "The kernel made another value of the one written.",
  "sysctl-left": "A setting was left as it is.",
  "table-resize-stalls": "Resizing the connection table stops the network for a moment.",
  "record-missing": "The table is there, but nothing is recorded of its apply.",
  "left-as-changed": "Someone changed it since apply, so it was left as it is.",
  "member-not-named": "A bond has a member that the file does not name; it stays.",
  "no-carrier": "A link is up and has no carrier: no cable, or nobody at its other end.",
  "admin-path-interrupted": "The way of the administrator's own session is cut for a moment.",
  "interrupted-repaired": "An apply or remove had broken off; this one repaired it.",
  "nat-chain-before-ours": "Another program's NAT chain comes first and may take packets from ours.",
};

/** docs/reference/errors.md: every code, from the rooms' own lists. */
export function errorPage(): Map<string, string> {
  const text = [
    "<!-- Generated from the lists of codes in src/ by `npm run docs`. -->",
    "",
    "# Error codes",
    "",
    "Codes are stable: scripts may depend on them. With `--json` an error is one object,",
    '`{"error": {"code", "message", "remedy", "kernelSaid"?, "problems"?}}`; for a gateway file `problems` has every',
    "error and warning with file, line and column.",
    "",
    ...section("Errors in a gateway file", PROBLEM_CODES),
    ...section("Errors and warnings of a plan", PLAN_PROBLEM_CODES),
    ...section("Errors between MegaNAT and the kernel", KERNEL),
    ...section("Errors of labs and the demo", LAB),
    ...section("Errors of benchmarks", BENCH),
    ...section("Errors of commands", COMMAND),
    ...section("Errors of `meganat doctor --fix` and `--undo`", REMEDY),
    ...section("Errors and notes of `meganat install` and `uninstall`", INSTALL),
    ...section("What `meganat status` finds changed", DRIFT),
    ...section("Notes of apply, remove and status", NOTICES),
  ].join("\n");
  return new Map([["docs/reference/errors.md", text]]);
}

function section(title: string, codes: Codes<string>): string[] {
  const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return [`## ${title}`, "", "| Code | Meaning |", "| --- | --- |", ...rows, ""];
}
