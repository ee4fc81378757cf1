package org.xenolith.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.regex.Pattern;

class TranscriptTest {
    private final Transcript transcript = new Transcript();

    @Test
    void whatIsFoundHasTheTimeOfItsLastCharacter() {
        transcript.hear("@be", 10);
        assertThat(transcript.take(Mark.LINE)).isEmpty();
        transcript.hear("gin\r\n@l", 20);
        transcript.hear("ap 7\n", 30);
        assertThat(transcript.take(Mark.LINE).orElseThrow().nanos()).isEqualTo(20);
        assertThat(transcript.take(Mark.LINE).orElseThrow().nanos()).isEqualTo(30);
        assertThat(transcript.take(Mark.LINE)).isEmpty();
    }

    @Test
    void whatStandsBeforeIsGone() {
        transcript.hear("noise ~ # ", 1);
        transcript.hear("more ", 2);
        assertThat(transcript.take(Pattern.compile("~ # "))).isPresent();
        assertThat(transcript.rest()).isEqualTo("more ");
        assertThat(transcript.take(Pattern.compile("noise"))).isEmpty();
        assertThat(transcript.take(Pattern.compile("o")).orElseThrow().nanos()).isEqualTo(2);
    }

    @Test
    void aGuestThatSaysTooMuchIsForgotten() {
        for (int i = 0; i < 40; i++) {
            transcript.hear("x".repeat(Transcript.CHARACTERS_MAX / 16), i);
        }
        transcript.hear("end", 99);
        assertThat(transcript.rest()).hasSize(Transcript.CHARACTERS_MAX).endsWith("xend");
        assertThat(transcript.take(Pattern.compile("end")).orElseThrow().nanos()).isEqualTo(99);
    }
}
