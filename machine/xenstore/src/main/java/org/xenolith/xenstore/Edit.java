package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

/// A change that a client asks for, in the form in which a transaction keeps it.
sealed interface Edit {
    StorePath path();

    /// WRITE: gives the node a value; makes it and its missing parents.
    record Write(StorePath path, Bytes value) implements Edit {}

    /// MKDIR: makes the node and its missing parents; an existing node stays as it is.
    record MakeDirectory(StorePath path) implements Edit {}

    /// RM: removes the node and all below it.
    record Remove(StorePath path) implements Edit {}

    /// SET_PERMS.
    record SetPermissions(StorePath path, Permissions permissions) implements Edit {}
}
