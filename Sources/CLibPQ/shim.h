#ifndef CLIBPQ_SHIM_H
#define CLIBPQ_SHIM_H

#include <libpq-fe.h>

#if defined(__linux__)
// The thread that owns a PGconn sleeps in poll(2) on its socket and on one of these, by which other threads wake it.
// Swift's Glibc module does not contain it.
#include <sys/eventfd.h>
#endif

#endif
