/// IEEE 754 arithmetic as x86 processors do it: x87 extended precision and SSE, bit for bit.
module org.xenolith.softfloat {
    requires org.xenolith.base;

    exports org.xenolith.softfloat;
}
