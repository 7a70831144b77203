/* SPDX-License-Identifier: Apache-2.0 */
/* The few words that compilers spell differently. */
#ifndef FASTW2V_COMPILER_H
#define FASTW2V_COMPILER_H

/* FW_INLINE: always inlined, so that an argument that is a literal at the call is a constant inside.
 * FW_UNROLL: the loop that follows has a small constant count and is to vanish.
 * FW_NO_UNROLL: the loop that follows is to stay one.
 * FW_APART: never inlined.
 * FW_IN_REGISTER: a vector of AVX is in a register here. gcc would rather load it again for each use, until
 * a loop of two multiply-adds a vector waits for its loads. */
#if defined(__GNUC__)
#define FW_IN_REGISTER(a) __asm__("" : "+v"(a))
#else
#define FW_IN_REGISTER(a) ((void)0)
#endif

#if defined(__clang__)
#define FW_APART __attribute__((noinline))
#define FW_INLINE static inline __attribute__((always_inline))
#define FW_UNROLL _Pragma("clang loop unroll(full)")
#define FW_NO_UNROLL _Pragma("clang loop unroll(disable)")
#elif defined(__GNUC__)
#define FW_APART __attribute__((noinline))
#define FW_INLINE static inline __attribute__((always_inline))
#define FW_UNROLL _Pragma("GCC unroll 32")
#define FW_NO_UNROLL _Pragma("GCC unroll 1")
#else
#define FW_APART __declspec(noinline)
#define FW_INLINE static __forceinline
#define FW_UNROLL
#define FW_NO_UNROLL
#endif

#endif
