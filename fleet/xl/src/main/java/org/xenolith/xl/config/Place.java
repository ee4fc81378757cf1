package org.xenolith.xl.config;

/// Where something is written: a file or the command line, and the line, from 1.
record Place(String source, int line) {
    @Override
    public String toString() {
        return source + ":" + line;
    }
}
