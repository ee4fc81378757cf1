package org.xenolith.xenstore;

/// Why a request was refused; the constant's name is what travels on the wire (`xsd_errors`,
/// xen/include/public/io/xs_wire.h).
public enum StoreError {
    EINVAL,
    EACCES,
    EEXIST,
    EISDIR,
    ENOENT,
    ENOMEM,
    ENOSPC,
    EIO,
    ENOTEMPTY,
    ENOSYS,
    EROFS,
    EBUSY,
    EAGAIN,
    EISCONN,
    E2BIG,
    EPERM
}
