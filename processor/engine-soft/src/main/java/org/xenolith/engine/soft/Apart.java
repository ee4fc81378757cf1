package org.xenolith.engine.soft;

/// Room in front of the fields of its subclasses, so that the collector may put two of them behind
/// each other and they are still in different lines of the host's caches: what one vCPU writes at
/// every instruction another must not wait for. Two lines, since they are fetched in pairs.
class Apart {
    long apart0;
    long apart1;
    long apart2;
    long apart3;
    long apart4;
    long apart5;
    long apart6;
    long apart7;
    long apart8;
    long apart9;
    long apart10;
    long apart11;
    long apart12;
    long apart13;
    long apart14;
    long apart15;

    Apart() {}
}
