/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Forwards established connections on kernels before 6.2, at a higher price for each packet. */
#define PROBE_READS
#include "fastpath/programs.h"
