/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counts dropped packets on kernels before 6.2, at twice the cost. */
#define PROBE_READS
#include "drops.h"
