/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels this build holds: the one place that looks at the target architecture. */
#ifndef FASTW2V_ISA_H
#define FASTW2V_ISA_H

#if defined(__x86_64__) || (defined(_M_X64) && !defined(_M_ARM64EC))
#define FW_HAVE_X86 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#define FW_HAVE_NEON 1
#endif

#endif
