package org.xenolith.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/// Asks one question after the other, each until there is an answer, and remembers all.
final class Client {
    private static final long ASK_AGAIN = 60 * World.MILLISECOND;

    private final World world;
    private final Judge judge;
    private final Map<Long, Long> answers = new HashMap<>();
    private LongConsumer network = _ -> {};
    private long question;

    Client(World world, Judge judge) {
        this.world = world;
        this.judge = judge;
    }

    /// `network` brings questions to whoever runs the machine.
    void start(LongConsumer toMachine) {
        network = toMachine;
        ask(question);
    }

    private void ask(long asked) {
        if (asked == question) {
            network.accept(asked);
            world.after(ASK_AGAIN, () -> ask(asked));
        }
    }

    /// An answer has come, some time after it went out.
    void answered(Guest.Entry entry) {
        var before = answers.putIfAbsent(entry.question(), entry.answer());
        judge.require(
                before == null || before == entry.answer(),
                "the client has seen two pasts: question " + entry.question());
        if (entry.question() == question) {
            question++;
            long next = question;
            world.after(world.between(0, 8 * World.MILLISECOND), () -> ask(next));
        }
    }

    long questionsAnswered() {
        return question;
    }

    List<Guest.Entry> all() {
        var all = new ArrayList<Guest.Entry>();
        answers.forEach((asked, answer) -> all.add(new Guest.Entry(asked, answer)));
        return all;
    }
}
