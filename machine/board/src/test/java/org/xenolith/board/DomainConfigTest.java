package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;

class DomainConfigTest {
    @Test
    void whatIsNotSaidFollowsFromWhatIs() {
        var config = valid().memoryMib(64).vcpus(3).build();
        assertThat(config.maxMemoryBytes()).isEqualTo(config.memoryBytes());
        assertThat(config.maxVcpus()).isEqualTo(3);
        assertThat(config.uuid().version()).isEqualTo(4);
        assertThat(config.uuid().variant()).isEqualTo(2);
    }

    @Test
    void anImpossibleDomainIsRefusedWithItsBounds() {
        refused(valid().vcpus(0), "vcpus must be from 1");
        refused(valid().vcpus(129), "vcpus must be from 1 to 128, not 129");
        refused(valid().vcpus(4).maxVcpus(2), "maxvcpus must be from 4 (vcpus) to 128, not 2");
        refused(valid().memoryMib(3), "memory must be from 4");
        refused(valid().memoryMib(Long.MAX_VALUE), "memory must be from 4");
        refused(valid().memoryMib(64).maxMemoryMib(32), "maxmem must be at least memory");
        refused(valid().commandLine("a\nb"), "command line");
        refused(DomainConfig.builder("").kernel(Path.of("k")), "name is missing");
        refused(DomainConfig.builder("a/b").kernel(Path.of("k")), "slash");
        refused(DomainConfig.builder("12").kernel(Path.of("k")), "number");
        refused(DomainConfig.builder("a"), "kernel is missing");
    }

    private static DomainConfig.Builder valid() {
        return DomainConfig.builder("d").kernel(Path.of("k"));
    }

    private static void refused(DomainConfig.Builder builder, String reason) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(reason);
    }
}
