/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Forwards established connections without the kernel's network stack. */
#include "fastpath/programs.h"
