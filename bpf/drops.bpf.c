/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counts dropped packets. */
#include "drops.h"
