/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* How the programs read the kernel's own structures. */
#ifndef MEGANAT_KERNEL_READ_H
#define MEGANAT_KERNEL_READ_H

#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Where the fields of such a structure lie is filled in for the running kernel when the program is loaded (CO-RE). */
#define KERNEL __attribute__((preserve_access_index))

/*
 * Reads a field of a kernel structure; memory that is gone meanwhile reads as zeros. Each call of bpf_probe_read_kernel
 * costs some 12 ns, a plain load 1 ns: Linux 6.2 lets programs say of what type a pointer is, and then load. For older
 * kernels define PROBE_READS.
 */
#ifdef PROBE_READS
#define READ(type, pointer, field) \
  ({ \
    const struct type *object_ = (const struct type *)(pointer); \
    BPF_CORE_READ(object_, field); \
  })
#else
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;
#define READ(type, pointer, field) \
  (((const struct type *)bpf_rdonly_cast((const void *)(pointer), bpf_core_type_id_kernel(struct type)))->field)
#endif

#endif
