// For editors only: the readers in ../values decide, and say more.
const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = `(${OCTET}\\.){3}${OCTET}`;
const LENGTH = "(3[0-2]|[12]?[0-9])";
const PORT = "[1-9][0-9]{0,4}";
const PORTS = `${PORT}(-${PORT})?`;

/** JSON Schema patterns of the values written as text. */
export const PATTERNS = {
  name: "^[A-Za-z][A-Za-z0-9_.-]{0,62}$",
  interface: "^[A-Za-z0-9_.@+-]{1,15}$",
  address: `^${IPV4}$`,
  prefix: `^${IPV4}/${LENGTH}$`,
  interfaceAddresses: `^${IPV4}( *- *${IPV4})?/${LENGTH}$`,
  range: `^${IPV4}(/${LENGTH}| *- *${IPV4})?$`,
  ports: `^${PORTS}$`,
  listen: `^${IPV4}:${PORTS}/(tcp|udp|tcp\\+udp|udp\\+tcp)$`,
  place: `^${IPV4}(:${PORTS})?$`,
  sourceTarget: `^(masquerade|${IPV4}|[A-Za-z][A-Za-z0-9_.-]{0,62})$`,
  number: "^[0-9]+(\\.[0-9]+)?[kMG]?$",
  duration: "^([0-9.]+d)?([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?([0-9.]+ms)?$",
  rate: "^[0-9]+(\\.[0-9]+)?[kmgt]?bit$",
  perSecond: "^[0-9]+(\\.[0-9]+)?[kM]?/s$",
  numberOrUnlimited: "^([0-9]+(\\.[0-9]+)?[kMG]?|unlimited)$",
  perSecondOrUnlimited: "^([0-9]+(\\.[0-9]+)?[kM]?/s|unlimited)$",
  rateOrUnlimited: "^([0-9]+(\\.[0-9]+)?[kmgt]?bit|unlimited)$",
} as const;
