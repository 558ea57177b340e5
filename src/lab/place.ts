/** Where the labs of this machine are written down; gone after a reboot, as the labs are. */
export const LAB_DIRECTORY = "/run/meganat/labs";

/** One process at a time may change what the labs share. */
export const LAB_LOCK = "/run/meganat/labs.lock";

/** Host-wide limits the labs have raised, what they were, and for whom. */
export const LIMITS_FILE = "/run/meganat/lab-limits.json";
