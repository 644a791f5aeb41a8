#ifndef CZOOKEEPER_SHIM_H
#define CZOOKEEPER_SHIM_H

// The multi-threaded library; the header shows the declarations that fit it only when this is set.
#ifndef THREADED
#define THREADED 1
#endif

#include <errno.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

// The access lists are mutable globals in C, which Swift 6 refuses to touch. Nobody writes to them, and a getter says so.

/// Everybody may do everything: the ensemble is protected by its network, for this library has neither TLS nor SASL.
static inline const struct ACL_vector *czookeeper_open_acl(void) {
    return &ZOO_OPEN_ACL_UNSAFE;
}

/// Why the library's function that has just returned null on this thread did so, in words.
static inline const char *czookeeper_last_error(void) {
    return strerror(errno);
}

#endif
