package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.xen.ShutdownReason;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// A processor and the pages that its guest gives back and takes again: data that it has just used,
/// and code that it has just executed.
@Timeout(60)
class BalloonTest {
    private static final int MEMORY_OP = 12;
    private static final int DECREASE = 1;
    private static final int POPULATE = 6;
    private static final int SELF = 0x7FF0;

    private static final int RESERVATION = TinyKernel.DATA + 0x100;
    private static final int LIST = TinyKernel.DATA + 0x200;
    private static final int STACK = TinyKernel.DATA + 0xF00;
    private static final int PAGE = 0x30_0000;
    private static final int CODE_PAGE = 0x40_0000;

    @TempDir private Path root;

    @Test
    void aPageThatIsGivenBackReadsAsOnesAndComesBackEmpty() throws Exception {
        var kernel = new TinyKernel().load(4, STACK);
        kernel.storeWord(PAGE, 0x1111_1111);
        expect(kernel, PAGE, 0x1111_1111, 'a');
        adjust(kernel, DECREASE);
        expect(kernel, PAGE, -1, 'b');
        kernel.storeWord(PAGE, 0x2222_2222);
        expect(kernel, PAGE, -1, 'c');
        adjust(kernel, POPULATE);
        expect(kernel, PAGE, 0, 'd');
        kernel.storeWord(PAGE, 0x3333_3333);
        expect(kernel, PAGE, 0x3333_3333, 'e');
        assertThat(run(kernel)).isEqualTo("a2bc2de");
    }

    @Test
    void codeOfAPageThatWasGivenBackIsForgotten() throws Exception {
        var kernel = new TinyKernel().load(4, STACK);
        for (char letter : new char[] {'x', 'y'}) {
            kernel.storeWord(CODE_PAGE, 0xC3_00B3 | letter << 8); // mov bl, letter; ret
            for (int i = 0; i < 2; i++) {
                kernel.bytes(0xE8).word(CODE_PAGE - (kernel.here() + 4));
                kernel.bytes(0x66, 0xBA, 0xF8, 0x03, 0x88, 0xD8, 0xEE); // out bl
            }
            adjust(kernel, DECREASE);
            expect(kernel, CODE_PAGE, -1, '-');
            adjust(kernel, POPULATE);
            expect(kernel, CODE_PAGE, 0, '0');
        }
        assertThat(run(kernel)).isEqualTo("xx2-20yy2-20");
    }

    /// Prints `letter` if the word at `address` is `value`.
    private static void expect(TinyKernel kernel, int address, int value, char letter) {
        kernel.bytes(0x81, 0x3D).word(address).word(value).bytes(0x75, 7).print("" + letter);
    }

    /// Gives both pages back or takes them again; prints how many that were.
    private static void adjust(TinyKernel kernel, int command) {
        kernel.storeWord(LIST, PAGE >>> 12).storeWord(LIST + 4, CODE_PAGE >>> 12);
        kernel.storeWord(RESERVATION, LIST)
                .storeWord(RESERVATION + 4, 2)
                .storeWord(RESERVATION + 8, 0)
                .storeWord(RESERVATION + 12, 0)
                .storeWord(RESERVATION + 16, SELF);
        kernel.load(0, MEMORY_OP).load(3, command).load(1, RESERVATION).vmcall();
        kernel.bytes(0x04, '0', 0x66, 0xBA, 0xF8, 0x03, 0xEE); // add al, '0'; out al
    }

    private String run(TinyKernel kernel) throws Exception {
        var config =
                DomainConfig.builder("balloon")
                        .kernel(kernel.shutDown(0).write(root.resolve("kernel")))
                        .memoryMib(8)
                        .build();
        try (var domain = Xenolith.create(config)) {
            assertThat(domain.ended().get(50, TimeUnit.SECONDS)).contains(ShutdownReason.POWEROFF);
            return domain.serial().text();
        }
    }
}
