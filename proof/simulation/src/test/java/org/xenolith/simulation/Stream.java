package org.xenolith.simulation;

import java.util.List;

/// A part of the machine's stream.
record Stream(List<Guest.Entry> entries) {}
