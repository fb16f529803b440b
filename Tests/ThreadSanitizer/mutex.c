// SPDX-License-Identifier: Apache-2.0
// Tells the thread sanitizer of the half of Swift's Mutex that it cannot see: a lock that had to wait is taken inside the
// standard library, which is not instrumented. Preloaded by Scripts/find-races.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF handle) __asm__(LOCK_SLOW);
SWIFT bool try_lock_slow(SELF handle) __asm__(TRY_LOCK_SLOW);
SWIFT void unlock_slow(SELF handle) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF handle) {
    static SWIFT void (*real)(uint32_t, SELF);
    if (!real) real = dlsym(RTLD_NEXT, LOCK_SLOW);
    real(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT bool try_lock_slow(SELF handle) {
    static SWIFT bool (*real)(SELF);
    if (!real) real = dlsym(RTLD_NEXT, TRY_LOCK_SLOW);
    bool is_locked = real(handle);
    if (is_locked && __tsan_acquire) __tsan_acquire(handle);
    return is_locked;
}

SWIFT void unlock_slow(SELF handle) {
    static SWIFT void (*real)(SELF);
    if (!real) real = dlsym(RTLD_NEXT, UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(handle);
    real(handle);
}
