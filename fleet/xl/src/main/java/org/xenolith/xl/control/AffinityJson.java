package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.board.Affinity;

import java.util.TreeSet;

/// An affinity as two members of an object: lists of processors, empty for all.
final class AffinityJson {
    private static final String HARD = "hard";
    private static final String SOFT = "soft";

    private AffinityJson() {}

    static void put(ObjectNode object, Affinity affinity) {
        var hard = object.putArray(HARD);
        affinity.hard().forEach(hard::add);
        var soft = object.putArray(SOFT);
        affinity.soft().forEach(soft::add);
    }

    /// What is no number is processor 0.
    static Affinity parse(JsonNode object) {
        var hard = new TreeSet<Integer>();
        object.path(HARD).forEach(number -> hard.add(number.asInt()));
        var soft = new TreeSet<Integer>();
        object.path(SOFT).forEach(number -> soft.add(number.asInt()));
        return new Affinity(hard, soft);
    }
}
