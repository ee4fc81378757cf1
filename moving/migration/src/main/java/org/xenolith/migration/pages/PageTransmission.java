package org.xenolith.migration.pages;

/// Sends pages to the target, by one connection or by several. For one thread, but for its figures,
/// which listeners may ask for.
public interface PageTransmission extends PageSink, AutoCloseable {
    /// Pages with content so far.
    long pages();

    /// All pages so far, those that needed no content too.
    long passed();

    /// Octets so far that have gone by other connections than the one of the machine's stream.
    long furtherBytes();

    /// Does `then` whenever a connection has taken something, on whatever thread that is.
    void onTaken(Runnable then);

    @Override
    void close();
}
